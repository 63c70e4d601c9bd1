import type { RecordView } from '@commitlog/record';
import type { Damage } from './damage.js';
import type { LogError } from './errors.js';
import type { CheckpointKey } from './format/checkpoint.js';
import type { HardState } from './format/hard-state.js';
import type { SealedSegment } from './format/manifest.js';
import type { FetchBatches } from './mending.js';
import type { LogPosition } from './position.js';
import type { ReadRequest, Slice } from './reader.js';

/**
 * A durable sequence of record batches. Each has an index, counted from 1 without gaps, and each record an offset, counted from 0
 * without gaps. For a program that embeds a log, and for Raft, whose log it is.
 *
 * What goes wrong is a {@link LogError}, but for what the caller's own code throws: a `checkpoint` hook, a `fetch`, the reason of an
 * aborted signal. What a promise has confirmed survives a power cut.
 *
 * Nobody need wait for one call before making the next: appends, truncations, trims and resets take effect in the order of the calls, and
 * bounds are checked against what those before have left.
 */
export interface Log {
  /** The logical start: everything up to this point was trimmed. */
  readonly start: LogPosition;

  /** The point before the first batch that is still on disk, at or before `start`: replication may read from there. */
  readonly firstOnDisk: LogPosition;

  /** The point behind the last durable batch: what can be read. */
  readonly durable: LogPosition;

  /** The point behind the last batch that was appended, durable or not: what the next one must follow. */
  readonly tail: LogPosition;

  /** In the order of the log, the last one active. */
  readonly segments: readonly SealedSegment[];

  /** Memory that the sparse indexes take, in bytes. They are loaded when a segment is first read. */
  readonly indexBytes: number;

  /** What is known to be unreadable, found when opening, by a read, or by mending. */
  readonly damage: readonly Damage[];

  /** Why the log takes no more writes until it is opened again; `undefined` while it does. */
  readonly fencedBy: LogError | undefined;

  /** What Raft must not forget. The term is at least that of the last durable batch. */
  readonly hardState: HardState;

  /**
   * Stamps a producer's batch and appends it. Appends made before earlier ones are durable share a write and a sync.
   *
   * @param batch as `encodeBatch` or `encodeControlBatch` made it. Stamped in place, and the log's until the promise settles: whoever
   * changes it or gives its memory away earlier may damage it on disk, so that it cannot be read, and a start after a crash cuts it with what is behind it
   * @returns the batch's place, once it is durable
   * @throws LogError `invalid-batch`, `not-contiguous` for a term that goes back, `overloaded`, `closed`, `no-space`, `read-only`,
   * `permission`, `too-many-files`, `io`: the batch is not in the log, and can be appended again. `fenced`: it may be
   */
  append(batch: Buffer, options?: AppendOptions): Promise<Appended>;

  /**
   * Appends batches that a leader has stamped, as they are. Their checksums are verified; what is in their bodies is not looked at: the
   * leader did that when it took them in.
   *
   * @param batches each one whole batch, following the tail in index and offset, never going back in term and time. The log's until
   * the promise settles
   * @returns the point behind the last of them, once all are durable; at least one is needed
   * @throws LogError as `append` does; `not-contiguous` for a batch that does not follow. When a write fails, batches that an earlier
   * write of the same call made durable stay: see `tail`
   */
  appendStamped(batches: readonly Buffer[]): Promise<LogPosition>;

  /**
   * Reads durable batches, forwards, as the bytes they are stored in.
   *
   * @returns at least one batch, or no bytes at the end of the log
   * @throws LogError `out-of-range`, or `damaged` when the first batch from there cannot be read; `settings` for a request that is none
   */
  read(request: ReadRequest): Promise<Slice>;

  /**
   * Reads on and on, a slice at a time, reading ahead by one. Begins when the first slice is asked for: only then is it known where
   * `'end'` is. With `follow`, waits at the end for more; what ends the waiting is the
   * signal.
   *
   * @throws LogError as `read` does; `out-of-range` when what was read is truncated, `fenced` or `closed` while waiting
   */
  slices(request: FollowRequest): AsyncGenerator<Slice, void, undefined>;

  /** Like `slices`, record by record, from exactly the offset asked for. Control batches have none. */
  records(request: FollowRequest): AsyncGenerator<RecordView, void, undefined>;

  /**
   * Resolves when the batch of an index is durable.
   *
   * @throws LogError `fenced` or `closed`; `out-of-range` when the log is truncated meanwhile; `settings` for a signal that is none; or
   * the signal's reason
   */
  reached(index: number, signal?: AbortSignal): Promise<void>;

  /**
   * The term of a batch.
   *
   * @param index from `firstOnDisk.index` to `durable.index`
   * @throws LogError `out-of-range`, or `damaged` when the batch cannot be read and its segment holds several terms
   */
  termAt(index: number): Promise<number>;

  /**
   * The point behind a batch; the same range as for `termAt`.
   *
   * @throws LogError `out-of-range`, or `damaged` when that batch cannot be read
   */
  positionAt(index: number): Promise<LogPosition>;

  /**
   * Forgets every batch behind an index. Batches appended before the call that still wait are written first; those appended after it
   * follow the new tail.
   *
   * @param index from `start.index` up; at or above `tail.index` nothing happens
   * @throws LogError `out-of-range`, or `damaged` when the batch of that index cannot be read; then nothing is changed
   */
  truncateAfter(index: number): Promise<void>;

  /**
   * Moves the logical start: what is before `index` is no longer served by offset, by time or from the start, and its segments are
   * dropped once they lie below it whole.
   *
   * @param index up to `durable.index + 1`; at or below the present start nothing happens
   * @param known the point before that index, for who knows it, as from a replica's snapshot: then that batch need not be readable
   * @throws LogError `out-of-range`, or `damaged` when the batch before that index cannot be read; then nothing is changed. `settings`
   * for a known point that is not the one before that index
   */
  trimBefore(index: number, known?: LogPosition): Promise<void>;

  /**
   * Drops everything and goes on behind `position`, as a snapshot of another replica demands.
   *
   * @param state what is derived from the log up to there, kept as its checkpoint. An index and a term must stand for one state, as they do
   * in Raft (§5.3, Log Matching): of a reset that is refused, the state may remain as the checkpoint of that same point in the log as it was
   */
  reset(position: LogPosition, state?: Uint8Array): Promise<void>;

  /**
   * Fills the holes of a damaged segment and puts the mended one in its place. The active segment is sealed first.
   *
   * @param segmentId see {@link Damage}
   * @throws LogError `mend` when what was fetched does not fill the holes, or the segment is no longer part of the log; `settings`, `closed`,
   * `no-space`, `read-only`, `permission`, `too-many-files`, `io`, or `damaged` when more of it decays meanwhile: no batch was changed, and it can
   * be tried again. `fenced`: the mended segment may be in place. Or whatever `fetch` throws
   */
  mend(segmentId: number, fetch: FetchBatches): Promise<void>;

  /**
   * Makes the hard state durable: on return two copies of it are. Whether it may follow the present one is for Raft to say.
   *
   * @throws LogError `settings` for a field out of range. Any other leaves the present one in force until the next start, which may find
   * either
   */
  saveHardState(state: HardState): Promise<void>;

  /** The derived states that can be read, oldest first: each of a point where a segment begins. */
  readonly checkpoints: readonly CheckpointKey[];

  /**
   * A derived state, as the `checkpoint` setting gave it.
   *
   * @returns `undefined` when there is none for that point, or it is damaged: derive it from an older one
   */
  readCheckpoint(key: CheckpointKey): Promise<Buffer | undefined>;

  /** Lets what waits become durable, closes the files and frees the directory. A second call does nothing. */
  close(): Promise<void>;

  [Symbol.asyncDispose](): Promise<void>;
}

export interface AppendOptions {
  /** The term to stamp: at least 1, and at least that of the tail, which it is unless told. */
  readonly term?: number;
}

/** Where an appended batch stands: the point behind it, and where it begins. */
export interface Appended extends LogPosition {
  /** Offset of its first record. */
  readonly baseOffset: number;
}

export interface FollowRequest extends ReadRequest {
  /** Wait at the end for more, until the signal is aborted; ends there unless told. */
  readonly follow?: boolean;
  /** Ends the iteration by throwing the signal's reason. */
  readonly signal?: AbortSignal;
}
