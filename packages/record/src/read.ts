import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { checkBatch, checkFields, requireWhole } from './check.js';
import { BatchError } from './errors.js';
import { batchTypes, requireHeader, typeOf } from './header.js';
import { type BatchLimits, batchBytesMaxOf } from './limits.js';
import type { RecordHeader, RecordInput } from './record.js';
import { VarintReader } from './varint.js';
import { none, RecordWalk } from './walk.js';

/** A header as read: its value is a view. */
export interface RecordHeaderView extends RecordHeader {
  readonly value: Buffer | undefined;
}

/**
 * One record, in place: key, value and header values are views of the batch's bytes. They are valid as long as nobody
 * writes into those, and each one keeps the whole batch in memory: copy what is to outlive it.
 */
export class RecordView implements RecordInput {
  readonly offset: number;
  /** The producer's time, in ms since the epoch. */
  readonly time: number;
  readonly key: Buffer | undefined;
  readonly value: Buffer;
  // Not for whoever prints a record, copies it or walks its fields: that would be the whole batch.
  readonly #batch: Buffer;
  readonly #headersAt: number;
  readonly #headerCount: number;

  /** @param walk standing at the record */
  constructor(batch: Buffer, walk: RecordWalk) {
    this.offset = walk.offset;
    this.time = walk.time;
    this.key = walk.keyLength === none ? undefined : batch.subarray(walk.keyAt, walk.keyAt + walk.keyLength);
    this.value = batch.subarray(walk.valueAt, walk.valueAt + walk.valueLength);
    this.#batch = batch;
    this.#headersAt = walk.headersAt;
    this.#headerCount = walk.headerCount;
  }

  /** Decoded anew each time it is asked for; the walk has checked that it can be. */
  get headers(): readonly RecordHeaderView[] {
    const batch = this.#batch;
    const headerCount = this.#headerCount;
    if (headerCount === 0) return noHeaders;
    const headers: RecordHeaderView[] = [];
    const varints = new VarintReader(batch, this.#headersAt, batch.length);
    for (let i = 0; i < headerCount; i += 1) {
      const keyLength = varints.read();
      const keyEnd = varints.at + keyLength;
      const key = batch.toString('utf8', varints.at, keyEnd);
      varints.at = keyEnd;
      const valueLength = varints.read();
      const valueEnd = varints.at + Math.max(0, valueLength);
      headers.push({ key, value: valueLength === none ? undefined : batch.subarray(varints.at, valueEnd) });
      varints.at = valueEnd;
    }
    return headers;
  }
}

const noHeaders: readonly RecordHeaderView[] = Object.freeze([]);

/**
 * A batch's records in order, without copying; none in a control batch. Can be iterated again.
 *
 * For bytes that `checkBatch` has accepted: checksums are not looked at here. The structure is, at every step, so that
 * even bytes which nobody checked give a typed error at worst: they never crash it, hang it, or make it reserve memory.
 *
 * @param batch a batch's bytes, from its start; the views are into it
 * @throws BatchError `record` for what is no Buffer, `truncated`, `length`, `type`, `codec`, `flags`, `count` or `number`; while
 * iterating, `count`, `record` or `number`, at the first record that cannot be read
 */
export function records(batch: Buffer): Iterable<RecordView> {
  if (!Buffer.isBuffer(batch)) throw notBuffer(batch);
  requireHeader(batch, 0);
  const length = checkFields(batch, 0, Number.POSITIVE_INFINITY);
  requireWhole(batch, 0, length);
  return typeOf(batch) === batchTypes.data ? new Records(batch) : [];
}

/** The header keys would be wrong: of other bytes, text is what their numbers look like. */
function notBuffer(found: unknown): BatchError {
  return new BatchError(
    'record',
    `a batch to read must be a Buffer, got ${inspect(found, { maxArrayLength: 0 })}: make one of a Uint8Array with Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)`,
  );
}

class Records implements Iterable<RecordView> {
  private readonly batch: Buffer;

  constructor(batch: Buffer) {
    this.batch = batch;
  }

  *[Symbol.iterator](): Generator<RecordView, void, undefined> {
    const walk = new RecordWalk(this.batch);
    while (walk.next()) yield new RecordView(this.batch, walk);
  }
}

export interface BatchesOptions extends BatchLimits {
  /** The bytes were checked already: look at lengths only. Default false. */
  readonly isChecked?: boolean | undefined;
}

/**
 * The batches that stand back to back in `bytes`, each as a view. Can be iterated again.
 *
 * @throws BatchError while iterating, what `checkBatch` throws, at the first batch that cannot be accepted: `truncated` when the
 * bytes end inside of one. Those before it were given out
 */
export function batches(bytes: Buffer, options: BatchesOptions = {}): Iterable<Buffer> {
  return { [Symbol.iterator]: () => walkBatches(bytes, options) };
}

function* walkBatches(bytes: Buffer, options: BatchesOptions): Generator<Buffer, void, undefined> {
  const batchBytesMax = batchBytesMaxOf(options);
  let at = 0;
  while (at < bytes.length) {
    const length = options.isChecked ? checkedLength(bytes, at, batchBytesMax) : checkBatch(bytes, at, options);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** A length of at least 64 that is there: what the loop needs to end, whoever was wrong about the check. */
function checkedLength(bytes: Buffer, at: number, batchBytesMax: number): number {
  requireHeader(bytes, at);
  const length = checkFields(bytes, at, batchBytesMax);
  requireWhole(bytes, at, length);
  return length;
}
