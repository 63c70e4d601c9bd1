import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import type { SnapshotWants } from './message.js';
import type { Progress } from './progress.js';
import type { Raft } from './raft.js';
import type { SnapshotMeta } from './snapshot-meta.js';

/** What the member needs next is no longer in the log: it gets the state instead (§7). */
export function sendSnapshot(raft: Raft, member: MemberId, progress: Progress): void {
  const { snapshot } = raft;
  invariant(snapshot !== null && snapshot.index >= raft.terms.start.index, 'what the log forgot, a snapshot holds');
  // To a member that does not answer, chunks would only pile up.
  if (raft.nowMs - progress.heardAtMs >= raft.settings.electionTimeoutMs) return;
  progress.becomeSnapshot(snapshot);
  raft.trace?.('snapshot', 'its log is behind our start', { to: member, snapshot: snapshot.id, upTo: snapshot.index });
  readChunk(raft, member, progress, snapshot);
}

function readChunk(raft: Raft, member: MemberId, progress: Progress, snapshot: SnapshotMeta): void {
  progress.reading = raft.startRead({ purpose: 'snapshot', peer: member });
  raft.outbox.add({
    kind: 'read-snapshot',
    read: progress.reading,
    snapshot,
    offset: progress.snapshotOffset,
    bytesMax: raft.settings.snapshotChunkBytes,
  });
}

export function handleSnapshotWants(raft: Raft, message: SnapshotWants): void {
  const progress = raft.progress.get(message.from);
  if (progress === undefined) return;
  progress.heardAtMs = raft.nowMs;
  if (progress.state !== 'snapshot' || progress.snapshotId !== message.snapshotId || progress.reading !== 0) return;
  if (message.offset !== progress.snapshotOffset) progress.pace.answered(raft.nowMs);
  // The same offset again: a doubled message made the follower ask twice, and what it asks for is on its way.
  else if (!progress.pace.isOverdue(raft.nowMs)) return;
  progress.snapshotOffset = message.offset;
  resumeSnapshot(raft, message.from, progress);
}

/** The member lives, and no chunk has been answered for a while: it or its answer was lost. */
export function maybeResendChunk(raft: Raft, member: MemberId, progress: Progress): void {
  if (progress.reading !== 0 || !progress.pace.isOverdue(raft.nowMs)) return;
  resumeSnapshot(raft, member, progress);
}

function resumeSnapshot(raft: Raft, member: MemberId, progress: Progress): void {
  const { snapshot } = raft;
  if (snapshot !== null && snapshot.id === progress.snapshotId) readChunk(raft, member, progress, snapshot);
  else if (snapshot !== null) sendSnapshot(raft, member, progress);
}

/** The snapshot has arrived, or the follower caught up without it. If our log forgot yet more meanwhile, it needs another. */
export function leaveSnapshot(raft: Raft, progress: Progress): void {
  invariant(progress.state === 'snapshot', 'only a member that was sent a snapshot leaves it');
  if (progress.match >= raft.terms.start.index) progress.becomeReplicate();
  else if (progress.match >= progress.snapshotIndex) progress.becomeProbe();
}
