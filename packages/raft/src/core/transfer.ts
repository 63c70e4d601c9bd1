import { sendAppends } from './appends.js';
import { isVoter } from './configuration.js';
import type { MemberId } from './member.js';
import type { Raft } from './raft.js';
import { refuse } from './refusal.js';
import { becomeFollower, endTransfer } from './roles.js';

/*
 * Leadership transfer (thesis §3.10): the leader takes no more proposals, brings the target's log up to its own, and tells it to
 * campaign at once. If that has not worked within an election timeout, the leader goes on as before.
 */

export function transfer(raft: Raft, to: MemberId): void {
  if (!raft.isLeader) {
    refuse(raft, 'not-leader');
    return;
  }
  if (raft.transfer?.to === to) return;
  endTransfer(raft, false);
  if (to === raft.self || !isVoter(raft.configuration, to)) {
    raft.outbox.add({ kind: 'transfer-ended', to, isDone: to === raft.self });
    return;
  }
  raft.transfer = { to, deadlineMs: raft.nowMs + raft.settings.electionTimeoutMs, isSent: false };
  raft.trace?.('transfer', 'asked for', { to });
  sendAppends(raft, to);
  maybeTimeoutNow(raft);
}

/** The target's log is complete: it may campaign. */
export function maybeTimeoutNow(raft: Raft): void {
  if (raft.transfer === null || raft.transfer.isSent) return;
  const { to } = raft.transfer;
  if (raft.progress.get(to)?.match !== raft.lastIndex) return;
  raft.transfer.isSent = true;
  raft.send({ kind: 'timeout-now', term: raft.term }, to);
}

export function tickTransfer(raft: Raft): void {
  if (raft.transfer !== null && raft.nowMs >= raft.transfer.deadlineMs) endTransfer(raft, false);
}

/**
 * A leader that cannot go on steps down at once, whoever can follow: the voter whose log is longest is told to campaign, so
 * that nobody waits for an election timeout.
 */
export function handOver(raft: Raft, cause: string): void {
  let best: MemberId | null = null;
  let bestMatch = -1;
  for (const [member, progress] of raft.progress) {
    if (member === raft.self || !raft.configuration.voters.includes(member)) continue;
    const isHeard = raft.nowMs - progress.heardAtMs < raft.settings.electionTimeoutMs;
    if (isHeard && progress.match > bestMatch) {
      best = member;
      bestMatch = progress.match;
    }
  }
  if (best !== null) raft.send({ kind: 'timeout-now', term: raft.term }, best);
  becomeFollower(raft, raft.term, null, cause);
}
