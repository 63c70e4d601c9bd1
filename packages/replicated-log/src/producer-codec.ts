import { Buffer } from 'node:buffer';
import { type Producer, type ProducerBatch, ProducerTable } from './producer-table.js';

/*
 * A producer table as bytes: one JSON text that describes the producers in the order in which they were last seen, and behind it their
 * batches, as varints. Every number but the first of a window is told by what it is more than the one before, so that most take a byte or two.
 *
 *   u32 length of the JSON | JSON: [id, epoch, subject, name, batches][] | per batch: sequence, count, offset, term, time
 *
 * A sequence is told by the first batch of a window only: within an epoch, each follows the one before.
 */

type Described = readonly [id: number, epoch: number, subject: string, name: string, batches: number];

export function encodeProducers(table: Iterable<Producer>): Buffer {
  const described: Described[] = [];
  const numbers = new VarintWriter();
  for (const { id, epoch, subject, name, batches } of table) {
    described.push([id, epoch, subject, name, batches.length]);
    let before = origin;
    for (const batch of batches) {
      if (before === origin) numbers.write(batch.sequence);
      numbers.write(batch.count);
      numbers.write(batch.offset - before.offset);
      numbers.write(batch.term - before.term);
      numbers.write(batch.time - before.time);
      before = batch;
    }
  }
  const json = Buffer.from(JSON.stringify(described));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, numbers.bytes]);
}

/**
 * @param bytes what {@link encodeProducers} made; none at all are an empty table
 * @throws TypeError when they are something else
 */
export function decodeProducers(bytes: Buffer, producersMax?: number): ProducerTable {
  if (bytes.length === 0) return new ProducerTable(producersMax);
  try {
    const end = 4 + bytes.readUInt32LE(0);
    const described = JSON.parse(bytes.toString('utf8', 4, end)) as readonly Described[];
    const numbers = new VarintReader(bytes, end);
    const producers = described.map(([id, epoch, subject, name, count]) => {
      return { id, epoch, subject, name, batches: decodeBatches(numbers, count) };
    });
    return new ProducerTable(producersMax, producers);
  } catch (cause) {
    throw new TypeError(`expected a table of producers, found ${bytes.length} other bytes`, { cause });
  }
}

function decodeBatches(numbers: VarintReader, count: number): ProducerBatch[] {
  const batches: ProducerBatch[] = [];
  let before = origin;
  for (let left = count; left > 0; left -= 1) {
    const isFirst = before === origin;
    const sequence = isFirst ? numbers.read() : (before.sequence + before.count) % 2 ** 32;
    const records = numbers.read();
    const offset = before.offset + numbers.read();
    const term = before.term + numbers.read();
    const time = before.time + numbers.read();
    before = { sequence, count: records, offset, term, time };
    batches.push(before);
  }
  return batches;
}

const origin: ProducerBatch = { sequence: 0, count: 0, offset: 0, term: 0, time: 0 };

/** Whole numbers from 0 to 2^53−1, seven bits a byte, lowest first, the top bit saying that more follows. */
class VarintWriter {
  #bytes: Buffer = Buffer.allocUnsafe(4096);
  #at = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  write(value: number): void {
    if (this.#at + 8 > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }
}

class VarintReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** @throws RangeError at the end */
  read(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}
