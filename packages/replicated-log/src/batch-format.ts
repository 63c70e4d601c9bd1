import type { Buffer } from 'node:buffer';
import type { LogPosition } from '@commitlog/log';
import type { Entry, EntryFormat, EntryType, Index, Term } from '@commitlog/raft';
import {
  admitBatch,
  BatchError,
  type BatchLimits,
  batchTypes,
  checkHeader,
  encodeControlBatch,
  headerBytes,
  indexOf,
  lengthOf,
  stampBatch,
  termOf,
} from '@commitlog/record';
import type { Clock } from '@commitlog/runtime';
import { bufferOf, entryTypeOf, positionAfter } from './entries.js';

export interface BatchFormatComponents {
  /** Gives append times. */
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Where the log on disk ends: everything that was written, and nothing else. */
  readonly tail: () => LogPosition;
}

/** What may be proposed; who may propose what is for others to say. */
const proposed = [batchTypes.data, batchTypes.trim, batchTypes.producer, batchTypes.metadata];

/**
 * Raft entries that are record batches. A proposal is an unstamped data batch; the leader gives it its index, term, base offset and append
 * time, and from then on its bytes are what is sent, stored, replicated and read. No-ops and configurations are control batches.
 *
 * Where the next batch goes follows from the one before. That advances when an entry is appended, not when it commits, and is void when
 * the entry is cut: then it is taken from the disk, which a new leader has in step with its log.
 */
export class BatchFormat implements EntryFormat {
  readonly #limits: BatchLimits;
  readonly #with: BatchFormatComponents;
  readonly #admitted: WeakSet<Buffer> = new WeakSet();
  /** The point behind the last batch; `undefined` where the log was cut or replaced, or nothing was appended yet. */
  #end: LogPosition | undefined;

  constructor(limits: BatchLimits, components: BatchFormatComponents) {
    this.#limits = limits;
    this.#with = components;
  }

  /**
   * Checks a proposal's body and walks its records, once for its whole way: what `admitData` has taken is not looked at again.
   *
   * @throws BatchError when it is no unstamped batch, of data or of this package's own
   */
  admit(payload: Uint8Array): void {
    const batch = bufferOf(payload);
    if (!this.#admitted.delete(batch)) admitBatch(batch, { ...this.#limits, types: proposed });
  }

  /**
   * Checks a producer's batch, which is to be proposed without being touched in between.
   *
   * @throws BatchError when it is no unstamped data batch, or waits to be proposed already
   */
  admitData(batch: Buffer): void {
    if (this.#admitted.has(batch))
      throw new BatchError('stamped', 'this batch is being appended already: encode it anew');
    admitBatch(batch, this.#limits);
    this.#admitted.add(batch);
  }

  /** A batch that `admitData` has taken is not proposed after all. */
  release(batch: Buffer): void {
    this.#admitted.delete(batch);
  }

  /**
   * Stamps a batch in place, or wraps what Raft itself adds in a control batch.
   *
   * @throws BatchError `stamped` for a batch that is in the log, or on its way there, already: the same bytes cannot be two entries
   */
  place(type: EntryType, payload: Uint8Array, index: Index, term: Term): Buffer {
    const { nextOffset: baseOffset, appendTime } = this.#endBefore(index);
    const batch = type === 'data' ? bufferOf(payload) : encodeControlBatch(batchTypes[type], payload, this.#limits);
    const found = indexOf(batch);
    if (found !== 0) {
      const message = `this batch is entry ${found} already: encode it anew to append it once more`;
      throw new BatchError('stamped', message, { expected: 0, found });
    }
    stampBatch(batch, { index, term, baseOffset, appendTime: Math.max(appendTime, this.#with.clock.wallMs()) });
    return batch;
  }

  /**
   * What `place` was given: of a data entry the whole batch, of others the control batch's body.
   *
   * @throws BatchError when the header is not that of this entry; the body is checked where it is written
   */
  payloadOf({ index, term, type, data }: Entry): Buffer {
    const batch = bufferOf(data);
    checkHeader(batch, 0, this.#limits);
    requireSame('length', lengthOf(batch), batch.length);
    requireSame('index', indexOf(batch), index);
    requireSame('term', termOf(batch), term);
    if (entryTypeOf(batch) !== type) {
      throw new BatchError('type', `expected a batch for a ${type} entry, found one for ${entryTypeOf(batch)}`);
    }
    return type === 'data' ? batch : batch.subarray(headerBytes);
  }

  appended({ data }: Entry): void {
    this.#end = positionAfter(bufferOf(data));
  }

  truncated(): void {
    this.#end = undefined;
  }

  replaced(): void {
    this.#end = undefined;
  }

  #endBefore(index: Index): LogPosition {
    const end = this.#end ?? this.#with.tail();
    if (end.index === index - 1) return end;
    throw new Error(
      `entry ${index} is to follow a log that ends with ${end.index}: its storage is not in step with it`,
    );
  }
}

function requireSame(field: 'length' | 'index' | 'term', found: number, expected: number): void {
  if (found === expected) return;
  const code = field === 'length' ? 'length' : 'number';
  throw new BatchError(code, `${field} of the batch is ${found}, expected ${expected}`, { expected, found });
}
