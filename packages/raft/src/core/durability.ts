import { voteForSelf } from './election.js';
import { invariant } from './invariant.js';
import type { Raft } from './raft.js';
import { fetchNext } from './repair.js';
import { maybeCommit, releaseUncommitted } from './replication.js';
import { becomeFollower } from './roles.js';
import { staged } from './snapshot.js';
import { handOver, maybeTimeoutNow } from './transfer.js';
import type { WriteNumber } from './writes.js';

/** Writes are on disk: now this member's own vote and its own copy of the entries count, and not before. */
export function persisted(raft: Raft, write: WriteNumber): void {
  const mended = raft.writes.complete(write);
  for (const index of mended) raft.holes.delete(index);
  const isPartKept = staged(raft, write);
  if (mended.length > 0 || isPartKept) fetchNext(raft);
  raft.trace?.('persisted', 'synced', { write, durable: raft.writes.durableIndex });
  if (raft.role === 'candidate' && raft.voteWrite !== 0 && write >= raft.voteWrite) voteForSelf(raft);
  if (!raft.isLeader) return;
  // A leader counts itself like any other member, and so a cluster of one waits for its disk too (etcd 14370).
  const own = raft.progress.get(raft.self);
  if (own?.maybeUpdate(raft.writes.durableIndex) === true && !maybeCommit(raft)) releaseUncommitted(raft);
  if (raft.isLeader) maybeTimeoutNow(raft);
}

/**
 * Entries did not reach the disk. What this member may have sent others under these indexes stays true elsewhere, so it must never use
 * them again in this term (canonical/raft 320): whoever leads steps down, and a reign never begins twice.
 */
export function writeFailed(raft: Raft, from: WriteNumber, isFatal: boolean): void {
  const { firstMissing, lostHardState, lostInstall } = raft.writes.fail(from);
  raft.trace?.('write-failed', isFatal ? 'the disk cannot be trusted' : 'no space', { write: from, firstMissing });
  if (raft.isLeader) handOver(raft, 'a write failed');
  else if (raft.role !== 'follower') becomeFollower(raft, raft.term, null, 'a write failed');
  if (isFatal || lostInstall) {
    // After a failed sync the kernel may have dropped the pages, and the next sync would lie (Rebello et al., ATC 2020).
    raft.isHalted = true;
    return;
  }
  // Snapshot parts may be among what was lost; they are asked for again from the start.
  raft.staging = null;
  if (lostHardState) raft.outbox.isHardStateDirty = true;
  if (firstMissing === 0) return;
  raft.isStorageRefusing = true;
  // What is committed is kept in memory, to be written when there is room: it is no more this member's to forget.
  raft.truncate(Math.max(firstMissing, raft.commitIndex + 1), 'could not be written');
  raft.outbox.truncateFrom = firstMissing;
}

/** There is room again. */
export function storageReady(raft: Raft): void {
  if (!raft.isStorageRefusing) return;
  raft.isStorageRefusing = false;
  const first = Math.max(raft.writes.durableIndex, raft.terms.start.index) + 1;
  invariant(first >= raft.tail.first, 'what is not on disk is in memory');
  if (first > raft.lastIndex) return;
  const count = raft.lastIndex - first + 1;
  invariant(raft.outbox.entries.length === 0, 'room is found in a step of its own');
  raft.outbox.entries = raft.tail.slice(first, Number.POSITIVE_INFINITY, count);
}
