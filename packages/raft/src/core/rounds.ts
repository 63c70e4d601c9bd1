import { hasQuorum } from './configuration.js';
import { invariant } from './invariant.js';
import type { Raft } from './raft.js';

/*
 * A round of heartbeats: it says that the leader lives, and its answers prove that it led when the round began. Reads wait for that
 * proof, and begin a round of their own rather than wait for the next.
 */

/** Starts a round: tells every member that the leader lives, and asks each to say that it still follows. */
export function beat(raft: Raft): void {
  invariant(raft.isLeader, 'only a leader beats');
  raft.round += 1;
  raft.heartbeatDueMs = raft.nowMs + raft.settings.heartbeatMs;
  for (const [member, progress] of raft.progress) {
    if (member === raft.self) {
      progress.ackedRound = raft.round;
      continue;
    }
    // Never past what the member is known to hold: its log may yet differ above.
    const commit = Math.min(progress.match, raft.commitIndex);
    progress.commitSent = Math.max(progress.commitSent, commit);
    raft.send({ kind: 'heartbeat', term: raft.term, round: raft.round, commit }, member);
  }
  answerReads(raft);
}

/** Starts the round that confirms every read that waits here. At most one round for reads at a time: the next gathers meanwhile. */
export function startWaitingReads(raft: Raft): void {
  if (!raft.isLeader || raft.readBatches.length > 0) return;
  if (raft.waitingReads.length === 0 && raft.waitingRequests.length === 0) return;
  // A new leader does not know what its predecessors committed until an entry of its own has (§8).
  if (raft.commitIndex < raft.reignStart) return;
  raft.readBatches.push({
    round: raft.round + 1,
    index: raft.commitIndex,
    reads: raft.waitingReads,
    requests: raft.waitingRequests,
  });
  raft.waitingReads = [];
  raft.waitingRequests = [];
  beat(raft);
}

/** Serves the reads whose round a quorum has answered. */
export function answerReads(raft: Raft): void {
  const batch = raft.readBatches[0];
  if (batch === undefined) return;
  const isConfirmed = hasQuorum(
    raft.configuration,
    (voter) => (raft.progress.get(voter)?.ackedRound ?? 0) >= batch.round,
  );
  if (!isConfirmed) return;
  raft.readBatches.shift();
  for (const { token } of batch.reads) raft.outbox.add({ kind: 'read-ready', token, index: batch.index });
  for (const { from, request } of batch.requests) {
    raft.send({ kind: 'read-answer', term: raft.term, request, index: batch.index }, from);
  }
  raft.trace?.('read', 'confirmed by a quorum', { round: batch.round, readIndex: batch.index });
  startWaitingReads(raft);
}
