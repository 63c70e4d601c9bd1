import { maybeSendAppend, sendAppends } from './appends.js';
import { quorumIndex } from './configuration.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import { maybeFinishChange } from './membership.js';
import type { AppendAccepted, AppendRejected } from './message.js';
import type { Progress } from './progress.js';
import type { Raft } from './raft.js';
import { startWaitingReads } from './rounds.js';
import { leaveSnapshot } from './snapshot-source.js';
import { maybeTimeoutNow } from './transfer.js';

export function handleAppendRejected(raft: Raft, message: AppendRejected): void {
  const progress = raft.progress.get(message.from);
  if (progress === undefined) return;
  progress.heardAtMs = raft.nowMs;
  // The same argument from our side: entries of ours above the follower's term at the hint cannot match either.
  const hint = raft.terms.lastAtMost(message.hintIndex, message.hintTerm);
  if (progress.isProbeOut && message.rejected === progress.probeLast) {
    // It was asked for what a probe had brought: that is lost, or found no room.
    progress.isProbeSent = false;
    progress.isProbeLost = true;
    maybeSendAppend(raft, message.from, true);
    return;
  }
  if (!progress.maybeDecrease(message.rejected, hint)) return;
  if (progress.state === 'replicate') {
    const { next } = progress;
    progress.becomeProbe();
    progress.next = next;
  }
  progress.check();
  maybeSendAppend(raft, message.from, true);
}

export function handleAppendAccepted(raft: Raft, message: AppendAccepted): void {
  const progress = raft.progress.get(message.from);
  if (progress === undefined) return;
  invariant(message.match <= raft.lastIndex, `${message.from} acknowledged ${message.match}, which was never sent`);
  progress.heardAtMs = raft.nowMs;
  const isNews = progress.maybeUpdate(message.match);
  // A member that holds what came before a probe but did not take the probe (no space) must not be sent a window: each
  // answer to that would fetch the next, without end.
  const isProbeTaken =
    progress.state === 'probe' && message.match === progress.match && message.match >= progress.probeLast;
  if (!isNews && !isProbeTaken) return;
  advance(raft, progress);
  progress.check();
  progress.maybeEndRound(raft.lastIndex, raft.nowMs, raft.settings.electionTimeoutMs);
  if (isNews) maybeCommit(raft);
  // Committing may have ended this member's part in the cluster, or this reign.
  if (!raft.isLeader || !raft.progress.has(message.from)) return;
  sendAppends(raft, message.from);
  maybeSendCommit(raft, message.from, progress);
  maybeTimeoutNow(raft);
}

function advance(raft: Raft, progress: Progress): void {
  if (progress.state === 'replicate') progress.inflight.freeTo(progress.match);
  else if (progress.state === 'probe') progress.becomeReplicate();
  else leaveSnapshot(raft, progress);
}

/**
 * §5.3 and §5.4.2: an entry is committed once a quorum holds it, but only an entry of the leader's own term may be counted so. One of an
 * earlier term on a quorum can still be overwritten (figure 8); it commits with the first of this term behind it.
 */
export function maybeCommit(raft: Raft): boolean {
  const index = quorumIndex(raft.configuration, (voter) => raft.progress.get(voter)?.match ?? 0);
  if (index <= raft.commitIndex || raft.terms.at(index) !== raft.term) return false;
  raft.commitTo(index, 'a quorum holds it');
  releaseUncommitted(raft);
  startWaitingReads(raft);
  maybeFinishChange(raft);
  for (const [member, progress] of raft.progress) if (member !== raft.self) maybeSendCommit(raft, member, progress);
  return true;
}

/** Tells an idle follower how far it may apply. A busy one hears it with the next append. */
function maybeSendCommit(raft: Raft, member: MemberId, progress: Progress): void {
  const commit = Math.min(progress.match, raft.commitIndex);
  if (progress.inflight.count > 0 || progress.commitSent >= commit) return;
  progress.commitSent = commit;
  raft.send({ kind: 'commit-notice', term: raft.term, commit }, member);
}

/**
 * What is committed and on this leader's own disk is waited for no more. Others may commit without it while its disk hangs, and what that
 * has not taken stays in memory.
 */
export function releaseUncommitted(raft: Raft): void {
  const upTo = Math.min(raft.commitIndex, raft.writes.durableIndex);
  let gone = 0;
  while (gone < raft.uncommitted.length && raft.uncommitted[gone]!.last <= upTo) {
    raft.uncommittedBytes -= raft.uncommitted[gone]!.bytes;
    gone += 1;
  }
  if (gone > 0) raft.uncommitted.splice(0, gone);
}
