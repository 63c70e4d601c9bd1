import type { Codec } from './codec.js';
import type { Producer, ProducerSettings } from './producer.js';
import type { Reading, ReadOptions } from './reading.js';
import type { Appended, LogRecord, Position, RecordOptions } from './record.js';

/** What goes along with an append. */
export interface AppendOptions extends RecordOptions {
  /**
   * Append only if the record gets exactly this offset, which is the one where the log ends now. Otherwise `OFFSET_MISMATCH`, with the `actual` one. A
   * conditional append travels alone.
   */
  readonly expectedOffset?: number | undefined;
  /** Gives the append up: `ABORTED`, with the outcome `unknown` if it was on its way. */
  readonly signal?: AbortSignal | undefined;
}

/** A call that reads. */
export interface GetOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A server of the cluster. */
export interface ClusterServer {
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
  readonly isLeader: boolean;
}

/** The cluster as this client knows it. */
export interface Cluster {
  /** The highest term that a server has told of; 0 before any has. */
  readonly term: number;
  readonly servers: readonly ClusterServer[];
}

/**
 * A log of a cluster, and the connections to it. Values are of type `T`. All its calls settle within `deadlineMs`, and fail with a {@link CommitlogError}
 * alone; a failure that nobody waits for is no unhandled rejection.
 */
export interface Commitlog<T = Uint8Array> {
  /** The log's name. */
  readonly name: string;
  /** Who is there, and who leads. */
  readonly cluster: Cluster;

  /**
   * Appends a record. Resolves once a quorum has it on disk, with its place. It is there once, whatever had to be sent again.
   *
   * Appends keep the order in which they were made; those made while others are on their way travel together. Each fails for itself: that one has failed
   * says nothing of the next. Leave the value's bytes as they are until it settles.
   *
   * @throws CommitlogError (rejected) with its `outcome`: see {@link AppendOutcome}
   */
  append(value: T, options?: AppendOptions): Promise<Appended>;

  /** For many records in order, with backpressure. Opened at its first append. */
  producer(settings?: ProducerSettings): Producer<T>;

  /** Reads records, from the start unless told: `for await (const record of log.read())`. */
  read(options?: ReadOptions): Reading<T>;

  /**
   * Reads one record, by its offset, a position or an acknowledgement. Whoever was told an offset can read it: a server that has not got to it yet waits.
   *
   * @throws CommitlogError `OFFSET_OUT_OF_RANGE`, with the bounds, where there is none
   */
  get(at: number | Position, options?: GetOptions): Promise<LogRecord<T>>;

  /** The same log and connections, with values of another kind. Closing one closes the other. */
  withCodec<U>(codec: Codec<U>): Commitlog<U>;

  /**
   * Waits for what is appended, ends readings with `CLOSED`, and disconnects. Takes at most `deadlineMs`; never throws. A second call waits for the first.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
