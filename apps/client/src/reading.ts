import type { LogRecord, Position, RecordBatch } from './record.js';

/**
 * Where to begin: at the oldest record that is kept; behind the newest; at an offset, 0 to 2^53 − 1; at the first record appended at a time or later, in ms
 * since 1970 by the leaders' clocks; or with the last records, so many of them.
 */
export type ReadFrom =
  | 'start'
  | 'end'
  | { readonly offset: number }
  | { readonly time: number }
  | { readonly last: number };

export interface ReadOptions {
  /** Default `'start'`. */
  readonly from?: ReadFrom;
  /** Wait at the end for more, instead of ending. Default false. */
  readonly follow?: boolean;
  /** End after so many records: an integer from 0 up. */
  readonly limit?: number;
  /**
   * `committed`: what the server knows to be committed; perhaps not the newest. `linearizable`: everything that was committed when the reading began, whichever
   * server it is. Default `committed`.
   */
  readonly consistency?: 'committed' | 'linearizable';
  /** An acknowledgement, of any process: the reading sees everything up to it, whichever server it is. */
  readonly atLeast?: Position;
  /** Ends the reading with `ABORTED`. */
  readonly signal?: AbortSignal;
}

/**
 * Records in order, from one offset to the next, without a gap or a repeat, whichever servers come and go meanwhile. Iterate it once, record by record or by
 * {@link batches}; leaving the loop releases the server's stream. A server is looked for at the first `next()`.
 *
 * Iterating throws a {@link CommitlogError}: `OFFSET_OUT_OF_RANGE` also when retention has overtaken the reading, `UNAVAILABLE` after `deadlineMs`
 * without a server, with the `offset` at which to go on. Otherwise it goes on by itself.
 */
export interface Reading<T> extends AsyncIterable<LogRecord<T>> {
  /** The same by batches, where speed counts. */
  batches(): AsyncIterable<RecordBatch<T>>;

  /** The offset of the record that comes next; `undefined` before the server has told where the reading begins. */
  readonly nextOffset: number | undefined;

  /** How many records the server knew of, when it last sent something, that were not read yet; `undefined` before it has. */
  readonly lag: number | undefined;

  /** Whether everything that the server has told of was read. */
  readonly caughtUp: boolean;

  /** Ends it: whoever waits for a record is told that there is no more. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
