import { Buffer } from 'node:buffer';
import { VarintReader, varintBytesMax, writeVarint } from './varints.js';

/** A batch that a producer has in the log. */
export interface ProducerBatch {
  /** The producer's number for its first record, modulo 2^32. */
  readonly sequence: number;
  /** How many records. */
  readonly count: number;
  /** Offset of the first. */
  readonly offset: number;
  readonly term: number;
  /** When it was appended, by its leader's clock: ms since 1970. */
  readonly time: number;
}

/** Batches that are remembered of each producer, and so the most that it may have in flight: a retry of an older one is not recognised. */
export const batchesMax = 64;

const sequences = 2 ** 32;
const scratch = Buffer.alloc(4 * varintBytesMax);

/**
 * The newest batches of one producer in one epoch, at most {@link batchesMax}, each going on where the one before ended. There may be
 * millions in all, so they are kept as bytes: of each the count, and what offset, term and time are more than those before, as varints. Never
 * changed: another takes its place, and tables share those that are the same.
 */
export class ProducerWindow {
  static readonly empty: ProducerWindow = new ProducerWindow(
    { sequence: 0, count: 0, offset: 0, term: 0, time: 0 },
    Buffer.alloc(0),
  );

  readonly size: number;
  /** What the first is told relative to, and the sequence that it has. */
  readonly #before: ProducerBatch;
  readonly #bytes: Buffer;
  /** The newest; where there is none, what comes first goes on where this ends. */
  readonly #last: ProducerBatch;

  private constructor(
    before: ProducerBatch,
    bytes: Buffer,
    known?: { readonly size: number; readonly last: ProducerBatch },
  ) {
    this.#before = before;
    this.#bytes = bytes;
    const { size, last } = known ?? lastOf(before, bytes);
    this.size = size;
    this.#last = last;
  }

  /** The number that the producer's next record has. */
  get nextSequence(): number {
    return endOf(this.#last);
  }

  /** The oldest, where there are as many as there may be. */
  get oldestOfAll(): ProducerBatch | undefined {
    if (this.size < batchesMax) return undefined;
    const [oldest] = this;
    return oldest;
  }

  *[Symbol.iterator](): Generator<ProducerBatch, void, undefined> {
    const reader = new VarintReader(this.#bytes);
    for (let batch = this.#before; !reader.isAtEnd; ) {
      batch = readBatch(reader, batch);
      yield batch;
    }
  }

  /**
   * With one more; the oldest goes where there would be too many.
   *
   * @throws RangeError when it lies before the newest: a log never goes back
   */
  with({ sequence, count, offset, term, time }: ProducerBatch): ProducerWindow {
    const last = this.#last;
    if (offset < last.offset || term < last.term || time < last.time) {
      throw new RangeError(
        `a batch at ${offset} of term ${term} and time ${time} cannot follow one at ${last.offset} of term ${last.term} and time ${last.time}`,
      );
    }
    let end = writeVarint(scratch, 0, count);
    end = writeVarint(scratch, end, offset - last.offset);
    end = writeVarint(scratch, end, term - last.term);
    end = writeVarint(scratch, end, time - last.time);
    const first = new VarintReader(this.#bytes);
    const before = this.size < batchesMax ? this.#before : placedBefore(readBatch(first, this.#before));
    const kept = this.#bytes.subarray(first.at);
    // Of its own, and not of a pool of which it would hold the rest.
    const bytes = Buffer.allocUnsafeSlow(kept.length + end);
    kept.copy(bytes);
    scratch.copy(bytes, kept.length, 0, end);
    const size = Math.min(this.size + 1, batchesMax);
    return new ProducerWindow(before, bytes, { size, last: { sequence, count, offset, term, time } });
  }

  /** Five numbers and the bytes, for {@link ProducerWindow.read}. */
  get encoded(): { readonly numbers: readonly number[]; readonly bytes: Buffer } {
    const { sequence, offset, term, time } = this.#before;
    return { numbers: [sequence, offset, term, time, this.#bytes.length], bytes: this.#bytes };
  }

  /** @throws RangeError when the bytes end too early */
  static read(bytes: Buffer, reader: VarintReader): ProducerWindow {
    const [sequence, offset, term, time] = [reader.read(), reader.read(), reader.read(), reader.read()];
    const length = reader.read();
    const own = bytes.subarray(reader.at, reader.at + length);
    if (own.length < length) throw new RangeError(`the bytes end within a producer's batches, at ${bytes.length}`);
    reader.at += length;
    return new ProducerWindow({ sequence, count: 0, offset, term, time }, Buffer.from(own));
  }
}

/** The same, as what the next one is told relative to. */
function placedBefore(batch: ProducerBatch): ProducerBatch {
  return { ...batch, sequence: endOf(batch), count: 0 };
}

function readBatch(reader: VarintReader, before: ProducerBatch): ProducerBatch {
  const count = reader.read();
  const offset = before.offset + reader.read();
  const term = before.term + reader.read();
  const time = before.time + reader.read();
  return { sequence: endOf(before), count, offset, term, time };
}

function lastOf(before: ProducerBatch, bytes: Buffer): { readonly size: number; readonly last: ProducerBatch } {
  const reader = new VarintReader(bytes);
  let [size, last] = [0, before];
  for (; !reader.isAtEnd; size += 1) last = readBatch(reader, last);
  return { size, last };
}

function endOf({ sequence, count }: ProducerBatch): number {
  return (sequence + count) % sequences;
}
