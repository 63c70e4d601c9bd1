import { isVoter, membersOf } from './configuration.js';
import type { Term } from './entry.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import { Progress } from './progress.js';
import type { Raft } from './raft.js';

/**
 * Follows `leader`, or nobody yet, in `term`. A new term forgets the vote; the same term keeps it: a member that steps
 * down and forgot it could vote twice.
 */
export function becomeFollower(raft: Raft, term: Term, leader: MemberId | null, cause: string): void {
  invariant(term >= raft.term, `terms never go back: ${term} after ${raft.term}`);
  const wasLeader = raft.isLeader;
  const isNewTerm = term > raft.term;
  // A follower without a leader goes on waiting as long as it was going to: requests that it does not grant, from a member
  // that hears nobody, must not put off for ever the one election that could be won (§5.2).
  if (raft.role !== 'follower' || raft.leader !== null) raft.drawElectionTimeout();
  if (isNewTerm) enterTerm(raft, term);
  raft.role = 'follower';
  raft.leader = leader;
  raft.votes.clear();
  raft.voteWrite = 0;
  if (wasLeader) resign(raft, isNewTerm);
  raft.roleCause = cause;
  raft.trace?.('role', cause, { role: 'follower', leader });
}

export function becomePreCandidate(raft: Raft, cause: string): void {
  invariant(!raft.isLeader, 'a leader does not campaign');
  raft.role = 'pre-candidate';
  raft.leader = null;
  raft.votes.clear();
  raft.drawElectionTimeout();
  raft.roleCause = cause;
  raft.trace?.('role', cause, { role: 'pre-candidate' });
}

/** §5.2: increments its term and votes for itself. The vote counts once it is on disk. */
export function becomeCandidate(raft: Raft, cause: string): void {
  invariant(!raft.isLeader, 'a leader does not campaign');
  enterTerm(raft, raft.term + 1);
  raft.role = 'candidate';
  raft.leader = null;
  raft.vote = raft.self;
  raft.votes.clear();
  raft.outbox.isVoteForSelf = true;
  raft.drawElectionTimeout();
  raft.roleCause = cause;
  raft.trace?.('role', cause, { role: 'candidate' });
}

/** §5.2. What the leader must say and append first is `lead`'s in `election.ts`. */
export function becomeLeader(raft: Raft): void {
  invariant(raft.role === 'candidate', 'only a candidate becomes leader');
  invariant(raft.vote === raft.self, 'a leader has voted for itself');
  // Its vote counted once it was on disk, and whatever was to be written before went there before.
  invariant(raft.writes.durableIndex === raft.lastIndex, 'a new leader has its whole log on disk');
  raft.role = 'leader';
  raft.leader = raft.self;
  raft.round = 0;
  raft.reignStart = raft.lastIndex + 1;
  raft.uncommitted.length = 0;
  raft.uncommittedBytes = 0;
  raft.progress.clear();
  syncProgress(raft);
  raft.roleCause = 'won the election';
  raft.trace?.('role', raft.roleCause, { role: 'leader' });
}

/** Every member of the configuration in force is fed, and nobody else. */
export function syncProgress(raft: Raft): void {
  const members = membersOf(raft.configuration);
  for (const member of raft.progress.keys()) if (!members.has(member)) raft.progress.delete(member);
  for (const member of members) {
    if (raft.progress.has(member)) continue;
    const progress = new Progress(raft.lastIndex, raft.nowMs, raft.settings);
    if (member === raft.self) {
      progress.match = raft.writes.durableIndex;
      progress.next = raft.lastIndex + 1;
    }
    raft.progress.set(member, progress);
  }
  if (raft.transfer !== null && !isVoter(raft.configuration, raft.transfer.to)) endTransfer(raft, false);
}

/** The transfer is over, one way or the other, and proposals are taken again (if this member still leads). */
export function endTransfer(raft: Raft, isDone: boolean): void {
  if (raft.transfer === null) return;
  const { to } = raft.transfer;
  raft.transfer = null;
  raft.outbox.add({ kind: 'transfer-ended', to, isDone });
  raft.trace?.('transfer', isDone ? 'another leads' : 'given up', { to });
}

function enterTerm(raft: Raft, term: Term): void {
  raft.term = term;
  raft.vote = null;
  raft.outbox.isHardStateDirty = true;
  // Whatever was asked of the old term's leader, or confirmed by it, must be asked again.
  raft.readAskedAtMs = Number.NEGATIVE_INFINITY;
}

/**
 * Lays down what belongs to a reign. What was appended stays; whether it commits is the next leader's to find out.
 *
 * @param isNewTerm somebody campaigns or leads in a higher term: the one that was told to, if a transfer got that far
 */
function resign(raft: Raft, isNewTerm: boolean): void {
  raft.progress.clear();
  raft.uncommitted.length = 0;
  raft.uncommittedBytes = 0;
  raft.reads.clear();
  endTransfer(raft, isNewTerm && raft.transfer?.isSent === true);
  requeueReads(raft);
}

/** The reign is over: what it was about to confirm must be confirmed by another. Followers ask again by themselves. */
function requeueReads(raft: Raft): void {
  raft.waitingReads = [...raft.readBatches.flatMap((batch) => batch.reads), ...raft.waitingReads];
  raft.readBatches = [];
  raft.waitingRequests = [];
}
