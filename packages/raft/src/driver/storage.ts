import type { Entry, Index, PersistEffect, SnapshotMeta, StoredState } from '../core/index.js';

/**
 * One thing to do to the disk. In a `persist`, in this order, whatever of it a power cut leaves undone: hard state, cut,
 * install, entries, repairs. (Installed first, a snapshot would stand before entries of an earlier term than its own.)
 *
 * Snapshots of two sources, a leader's and this member's own, reach the disk in any order. So neither the newest snapshot nor the log's
 * start ever moves back: what is older than the newest takes nobody's place, and what would start the log lower starts it nowhere.
 */
export type StorageOperation =
  /**
   * `install`: the staged snapshot becomes the newest, unless a newer one is there, and the log starts behind it, unless it starts higher;
   * entries above its index stay, and unreadable ones up to it are forgotten.
   */
  | ({ readonly kind: 'persist' } & Omit<PersistEffect, 'kind' | 'write' | 'thenSend'>)
  /** Keep a part of a snapshot aside, after the parts before it; `offset` 0 starts over. Nothing is promised about it. */
  | {
      readonly kind: 'stage-chunk';
      readonly snapshot: SnapshotMeta;
      readonly offset: number;
      readonly data: Uint8Array;
    }
  /**
   * Keep a snapshot of this member's own, unless a newer one is there; at the same index, the later takes the place of the
   * earlier. Once it is safe, the log may forget everything up to `logStart`, which is at most its index.
   */
  | {
      readonly kind: 'save-snapshot';
      readonly snapshot: SnapshotMeta;
      readonly data: Uint8Array;
      readonly logStart: Index;
    };

/**
 * The disk of one member of one group. `@commitlog/raft/conformance` has the suite that an implementation must pass.
 *
 * Entries' data must not be changed by either side; the storage may keep the buffers it is given.
 */
export interface RaftStorage {
  /**
   * What is there. A torn end is cut before it is told. Entries that are there but cannot be read stay, and are listed as
   * unreadable with the terms that they have; configurations must be known even then.
   */
  load(): Promise<StoredState>;

  /**
   * Does these in order and syncs: when it resolves, they survive a power cut. Never called while a call is under way.
   *
   * @throws NoSpaceError when there is no room. Operations without entries, repairs or a snapshot's bytes (hard states, cuts, installs) must
   *   fit all the same: keep a reserve for them. What was not done is given again, whatever became of its hard state and its cut
   * @throws anything else when this disk can no longer be trusted (a failed sync): the member stops for good
   */
  write(operations: readonly StorageOperation[]): Promise<void>;

  /**
   * Entries from `first` to at most `last`: at least the first, then as many as fit `bytesMax`, in what was given to `write`, synced
   * or not. Fewer, or none, where the log no longer reaches.
   *
   * @throws UnreadableError naming the first, when that cannot be read
   */
  read(first: Index, last: Index, bytesMax: number): Promise<readonly Entry[]>;

  /**
   * A part of the newest snapshot, or null when it is another than `id`. The last part says so; it may be empty.
   *
   * @throws UnreadableError when it is there and cannot be read: this member then writes another
   */
  readSnapshot(
    id: string,
    offset: number,
    bytesMax: number,
  ): Promise<{ readonly data: Uint8Array; readonly isLast: boolean } | null>;

  /** Whether there is room again after a `NoSpaceError`. */
  hasSpace(): Promise<boolean>;
}
