import type { Configuration, PlacedConfiguration } from './configuration.js';
import type { Entry, Index, Term } from './entry.js';
import type { MemberId } from './member.js';
import type { DurableMessage, VolatileMessage } from './message.js';
import type { SnapshotMeta } from './snapshot-meta.js';
import type { WriteNumber } from './writes.js';

/** What must survive a restart besides the log (§5.1, figure 2). `commit` is a hint: it may be old, never wrong. */
export interface HardState {
  readonly term: Term;
  readonly vote: MemberId | null;
  readonly commit: Index;
}

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** Why a proposal was not even appended. Nothing of it will ever be applied. */
export type RefusalReason =
  | 'not-leader'
  | 'transferring'
  | 'overloaded'
  | 'not-ready'
  | 'change-in-progress'
  | 'unexpected-configuration'
  | 'invalid-membership'
  | 'not-caught-up';

/**
 * What the core wants done. Effects of one step are to be started in their order; `persist`, `stage-chunk` and `compact`
 * reach the disk in their order.
 */
export type Effect =
  /**
   * Write, sync, then send `thenSend`, which speaks of what was written, and report `persisted`. In this order within
   * the write: hard state; cut the log at `truncateFrom`; `install` (the staged snapshot becomes the log's start, and entries above
   * its index stay); `entries`, which follow the log's end; `repairs`, each in the place of an unreadable entry.
   */
  | {
      readonly kind: 'persist';
      readonly write: WriteNumber;
      readonly hardState?: HardState;
      readonly install?: SnapshotMeta;
      readonly truncateFrom?: Index;
      readonly entries: readonly Entry[];
      readonly repairs: readonly Entry[];
      readonly thenSend: readonly DurableMessage[];
    }
  /** Send at once: messages that promise nothing about this node's disk. */
  | { readonly kind: 'send'; readonly message: VolatileMessage }
  /** Every entry up to here is committed. To be applied once this node has it on disk. */
  | { readonly kind: 'commit'; readonly upTo: Index }
  /** These proposals took the indexes from `first` to `last`; what becomes of them shows when commit gets there. */
  | { readonly kind: 'appended'; readonly first: Index; readonly last: Index; readonly term: Term }
  /** The input's proposals were refused, all of them. */
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly leader: MemberId | null;
      readonly configurationIndex: Index;
    }
  /** Read entries from storage, and answer with `read-done` or `read-failed`. */
  | {
      readonly kind: 'read';
      readonly read: number;
      readonly first: Index;
      readonly last: Index;
      readonly bytesMax: number;
    }
  /** Read a part of a snapshot, and answer with `snapshot-read`. */
  | {
      readonly kind: 'read-snapshot';
      readonly read: number;
      readonly snapshot: SnapshotMeta;
      readonly offset: number;
      readonly bytesMax: number;
    }
  /**
   * Keep a part of a snapshot aside, and report `persisted`; `offset` 0 throws away what was kept before. It need not survive a
   * crash.
   */
  | {
      readonly kind: 'stage-chunk';
      readonly write: WriteNumber;
      readonly snapshot: SnapshotMeta;
      readonly offset: number;
      readonly data: Uint8Array;
    }
  /** The state up to `snapshot.index` now comes from this snapshot, once the write that installs it is done. */
  | { readonly kind: 'restore'; readonly snapshot: SnapshotMeta; readonly write: WriteNumber }
  /** A read may be served from state that has applied at least `index`. */
  | { readonly kind: 'read-ready'; readonly token: number; readonly index: Index }
  | { readonly kind: 'read-refused'; readonly token: number; readonly reason: 'no-leader' | 'timeout' | 'overloaded' }
  /** Role, term or leader changed; `cause` says why, for people. */
  | {
      readonly kind: 'role';
      readonly role: Role;
      readonly term: Term;
      readonly leader: MemberId | null;
      readonly cause: string;
    }
  | { readonly kind: 'configuration'; readonly index: Index; readonly configuration: Configuration }
  | { readonly kind: 'transfer-ended'; readonly to: MemberId; readonly isDone: boolean };

export type PersistEffect = Extract<Effect, { kind: 'persist' }>;

/** What happened. Every input comes with the time at which it happened. */
export type Input =
  | { readonly kind: 'tick' }
  | { readonly kind: 'message'; readonly message: DurableMessage | VolatileMessage }
  /** Every write up to `write` is synced. */
  | { readonly kind: 'persisted'; readonly write: WriteNumber }
  /**
   * The write `from` failed, and none after it will be done: none of their entries is on disk. Of their hard state and
   * truncations all, some or nothing may have happened; the core repeats them, and these need no space that is not reserved.
   * `isFatal`: the disk cannot be trusted any more (a failed sync); else it may heal, and `storage-ready` says when.
   */
  | { readonly kind: 'write-failed'; readonly from: WriteNumber; readonly isFatal: boolean }
  | { readonly kind: 'storage-ready' }
  | { readonly kind: 'read-done'; readonly read: number; readonly entries: readonly Entry[] }
  | { readonly kind: 'read-failed'; readonly read: number; readonly unreadable: readonly Index[] }
  | {
      readonly kind: 'snapshot-read';
      readonly read: number;
      /** null: this snapshot exists no more. */
      readonly data: Uint8Array | null;
      readonly isLast: boolean;
    }
  /** Storage cannot read these entries (found by a scrub, or on the way to the state machine). */
  | { readonly kind: 'unreadable'; readonly indexes: readonly Index[] }
  /** The program has written `snapshot`, and the log may forget everything up to `upTo`, at most the snapshot's index. */
  | { readonly kind: 'compacted'; readonly snapshot: SnapshotMeta; readonly upTo: Index }
  | { readonly kind: 'propose'; readonly data: readonly Uint8Array[] }
  | {
      readonly kind: 'propose-membership';
      /** The index of the configuration that the caller looked at; another one in force refuses the change. */
      readonly expects: Index;
      readonly voters: readonly MemberId[];
      readonly learners: readonly MemberId[];
    }
  | { readonly kind: 'transfer'; readonly to: MemberId }
  /** `token` is the caller's, comes back once, and never leaves this node. */
  | { readonly kind: 'read'; readonly token: number };

/** What a storage holds when a core starts on it. */
export interface StoredState {
  readonly hardState: HardState;
  /** The newest snapshot, or null. */
  readonly snapshot: SnapshotMeta | null;
  /** The log's entries begin after this one: 0 of term 0, or what was compacted away. */
  readonly start: { readonly index: Index; readonly term: Term };
  readonly lastIndex: Index;
  readonly terms: readonly { readonly first: Index; readonly term: Term }[];
  /** Every configuration entry in the log. */
  readonly configurations: readonly PlacedConfiguration[];
  /** Entries whose term is known and whose bytes cannot be read. */
  readonly unreadable: readonly Index[];
}

/** An empty disk. */
export const emptyState: StoredState = {
  hardState: { term: 0, vote: null, commit: 0 },
  snapshot: null,
  start: { index: 0, term: 0 },
  lastIndex: 0,
  terms: [],
  configurations: [],
  unreadable: [],
};
