import type { MemberId } from './member.js';

/** How one member behaves. All members should agree on the times. */
export interface CoreSettings {
  readonly self: MemberId;
  /** A follower that hears nothing campaigns after this long, or up to twice as long, drawn anew each time (§5.2). */
  readonly electionTimeoutMs: number;
  /** Well below the election timeout: a few may be lost. */
  readonly heartbeatMs: number;
  /**
   * A leader whose oldest write is older than this hands over: heartbeats are no alibi (hashicorp/raft 503). A write waits for the sync
   * before it, and then for its own: more than twice what a slow sync takes.
   */
  readonly diskStallMs: number;
  /** Ask before campaigning (thesis §9.6). */
  readonly isPreVoteOn: boolean;
  /** One append message carries at most this many bytes of entries, but always at least one entry. */
  readonly appendBytesMax: number;
  readonly appendEntriesMax: number;
  /** Appends on the way to one follower. */
  readonly inflightCountMax: number;
  readonly inflightBytesMax: number;
  /** Proposals are refused while more than this waits for commit, or for the leader's own disk. One alone is never too big. */
  readonly uncommittedBytesMax: number;
  /** Entries on disk, and applied, that some follower lacks are kept in memory up to this; those that all have are let go. */
  readonly cacheBytesMax: number;
  readonly snapshotChunkBytes: number;
  /** Reads that no leader confirms within this are refused. */
  readonly readTimeoutMs: number;
  /** Reads waiting at one member; more are refused. */
  readonly readsMax: number;
}

export const defaultSettings: Omit<CoreSettings, 'self'> = {
  electionTimeoutMs: 1000,
  heartbeatMs: 100,
  diskStallMs: 1000,
  isPreVoteOn: true,
  appendBytesMax: 1024 * 1024,
  appendEntriesMax: 4096,
  inflightCountMax: 64,
  inflightBytesMax: 8 * 1024 * 1024,
  uncommittedBytesMax: 64 * 1024 * 1024,
  cacheBytesMax: 16 * 1024 * 1024,
  snapshotChunkBytes: 256 * 1024,
  readTimeoutMs: 5000,
  readsMax: 65536,
};

/** @throws RangeError naming the first setting that makes no sense */
export function checkSettings(settings: CoreSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === 'number' && !(Number.isFinite(value) && value > 0)) {
      throw new RangeError(`${name} must be a number above 0, got ${value}`);
    }
  }
  if (settings.heartbeatMs * 2 > settings.electionTimeoutMs) {
    throw new RangeError(
      `electionTimeoutMs must be at least twice heartbeatMs, got ${settings.electionTimeoutMs} and ${settings.heartbeatMs}`,
    );
  }
}
