import type { Appended, RecordOptions } from './record.js';

export interface ProducerSettings {
  /**
   * One process at a time produces under a name: opening it again, anywhere, fences whoever had it (`PRODUCER_FENCED`). 1 to 256 bytes of UTF-8. Without a
   * name nobody else can.
   */
  readonly name?: string;
}

/**
 * A stream of records into a log. They are appended in order, once each, and what is in the log is what was given up to some point: behind a record that
 * has failed nothing goes in. So the first failure ends the producer: everything after it is `PRODUCER_FAILED`.
 */
export interface Producer<T> {
  readonly name: string | undefined;

  /**
   * Resolves when there is room for more: wait for it before each append, and what waits in this process stays below `pendingBytesMax`. Rejects when the producer
   * has failed.
   */
  readonly ready: Promise<void>;

  /** Records that were given and are not acknowledged yet, in bytes. */
  readonly pendingBytes: number;

  /**
   * Appends behind everything given before. Resolves once a quorum has it on disk. Need not be waited for: {@link flush}, {@link close} and `ready` tell
   * of the first failure.
   */
  append(value: T, options?: RecordOptions): Promise<Appended>;

  /**
   * Waits until everything given so far is acknowledged.
   *
   * @returns where the last one is; `undefined` where none was given
   * @throws CommitlogError the first failure
   */
  flush(): Promise<Appended | undefined>;

  /** Takes values, with backpressure; closing it flushes, aborting it ends the producer. The same stream each time. */
  readonly writable: WritableStream<T>;

  /**
   * Flushes, and takes no more.
   *
   * @throws CommitlogError the first failure, if there was any: everything given is in the log, or this throws
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
