import { Buffer } from 'node:buffer';
import { type Producer, ProducerTable } from './producer-table.js';
import { ProducerWindow } from './producer-window.js';
import { VarintReader, varintBytesMax, writeVarint } from './varints.js';

/*
 * A producer table as bytes: a u32 length, so many bytes of JSON that describe the producers in the order in which they were last seen,
 * [id, epoch, subject, name][], and behind it the batches of each, in the same order (`ProducerWindow`).
 */

type Described = readonly [id: number, epoch: number, subject: string, name: string];

export function encodeProducers(table: Iterable<Producer>): Buffer {
  const described: Described[] = [];
  const parts: Buffer[] = [];
  for (const { id, epoch, subject, name, batches } of table) {
    described.push([id, epoch, subject, name]);
    const { numbers, bytes } = batches.encoded;
    const head = Buffer.allocUnsafe(numbers.length * varintBytesMax);
    const end = numbers.reduce((at, number) => writeVarint(head, at, number), 0);
    parts.push(head.subarray(0, end), bytes);
  }
  const json = Buffer.from(JSON.stringify(described));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...parts]);
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
    const reader = new VarintReader(bytes, end);
    const producers = described.map(([id, epoch, subject, name]) => {
      return { id, epoch, subject, name, batches: ProducerWindow.read(bytes, reader) };
    });
    return new ProducerTable(producersMax, producers);
  } catch (cause) {
    throw new TypeError(`expected a table of producers, found ${bytes.length} other bytes`, { cause });
  }
}
