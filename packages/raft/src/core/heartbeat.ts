import { maybeSendAppend } from './appends.js';
import { hasQuorum } from './configuration.js';
import type { Index } from './entry.js';
import type { MemberId } from './member.js';
import type { CommitNotice, Heartbeat, HeartbeatAck } from './message.js';
import type { Progress } from './progress.js';
import type { Raft } from './raft.js';
import { becomeFollower } from './roles.js';
import { answerReads } from './rounds.js';
import { maybeResendChunk } from './snapshot-source.js';

export function handleHeartbeat(raft: Raft, message: Heartbeat): void {
  raft.commitTo(Math.min(message.commit, raft.lastIndex), 'heartbeat');
  raft.send({ kind: 'heartbeat-ack', term: raft.term, round: message.round }, message.from);
}

export function handleCommitNotice(raft: Raft, message: CommitNotice): void {
  raft.commitTo(Math.min(message.commit, raft.lastIndex), 'notice');
}

export function handleHeartbeatAck(raft: Raft, message: HeartbeatAck): void {
  const progress = raft.progress.get(message.from);
  if (progress === undefined) return;
  if (message.round > raft.round) {
    raft.trace?.('drop', 'answers a round that has not begun', { message: message.id, from: message.from });
    return;
  }
  progress.heardAtMs = raft.nowMs;
  progress.ackedRound = Math.max(progress.ackedRound, message.round);
  answerReads(raft);
  // In an idle cluster no append would end a learner's round.
  progress.maybeEndRound(raft.lastIndex, raft.nowMs, raft.settings.electionTimeoutMs);
  if (progress.state === 'snapshot') maybeResendChunk(raft, message.from, progress);
  else if (progress.match < raft.lastIndex) maybeProbeAgain(raft, message.from, progress);
}

/**
 * It lives and still lacks something: whatever was sent may be lost, so one append goes out, whatever the window says. Once in a while:
 * reads beat far more often.
 */
function maybeProbeAgain(raft: Raft, member: MemberId, progress: Progress): void {
  if (raft.nowMs - progress.probedAtMs < raft.settings.heartbeatMs / 2) return;
  progress.probedAtMs = raft.nowMs;
  if (progress.isProbeOut) askFor(raft, member, progress, progress.probeLast);
  else if (progress.state === 'replicate' && progress.inflight.isFull)
    askFor(raft, member, progress, progress.next - 1);
  else {
    progress.isProbeSent = false;
    maybeSendAppend(raft, member, true);
  }
}

/**
 * A probe, or a full window: what is on the way may only be slow, and to send it again would queue it behind itself. An append without
 * entries, behind the last of them, costs nothing, and its answer says whether they arrived.
 */
function askFor(raft: Raft, member: MemberId, progress: Progress, prevIndex: Index): void {
  const prevTerm = raft.terms.at(prevIndex);
  if (prevTerm !== undefined) {
    raft.send({ kind: 'append', term: raft.term, prevIndex, prevTerm, entries: [], commit: raft.commitIndex }, member);
    return;
  }
  // The log has forgotten what is on the way.
  progress.becomeProbe();
  maybeSendAppend(raft, member, true);
}

/**
 * A leader that hears from no quorum within an election timeout steps down: others may have elected another long since, and
 * clients must not wait on this one (thesis §6.2).
 */
export function checkQuorum(raft: Raft): void {
  const isHeard = hasQuorum(raft.configuration, (voter) => {
    if (voter === raft.self) return true;
    const progress = raft.progress.get(voter);
    return progress !== undefined && raft.nowMs - progress.heardAtMs < raft.settings.electionTimeoutMs;
  });
  if (!isHeard) becomeFollower(raft, raft.term, null, 'heard from no quorum');
}
