import { broadcastAppend } from './appends.js';
import { quorumVote } from './configuration.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import type {
  PreVoteGranted,
  PreVoteRefused,
  RequestPreVote,
  RequestVote,
  TimeoutNow,
  VoteGranted,
  VoteRefused,
} from './message.js';
import type { Raft } from './raft.js';
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from './roles.js';
import { beat } from './rounds.js';

/** The election timeout passed without a leader (§5.2). */
export function campaign(raft: Raft, cause: string): void {
  if (!raft.isPromotable) {
    raft.drawElectionTimeout();
    return;
  }
  if (raft.settings.isPreVoteOn) campaignForPreVote(raft, cause);
  else campaignForVote(raft, cause, false);
}

/**
 * Asks whether an election could be won before it costs the cluster a term: a member that was cut off, or removed, comes
 * back with the term that it left with, and disturbs nobody (thesis §9.6).
 */
function campaignForPreVote(raft: Raft, cause: string): void {
  becomePreCandidate(raft, cause);
  raft.votes.set(raft.self, true);
  for (const voter of otherVoters(raft)) {
    const { lastIndex, terms } = raft;
    raft.send({ kind: 'request-pre-vote', term: raft.term + 1, lastIndex, lastTerm: terms.lastTerm }, voter);
  }
  maybeWin(raft);
}

function campaignForVote(raft: Raft, cause: string, isTransfer: boolean): void {
  becomeCandidate(raft, cause);
  raft.outbox.isHardStateDirty = true;
  for (const voter of otherVoters(raft)) {
    const { term, lastIndex, terms } = raft;
    raft.sendDurable({ kind: 'request-vote', term, lastIndex, lastTerm: terms.lastTerm, isTransfer }, voter);
  }
}

/** This member's vote for itself is on disk. */
export function voteForSelf(raft: Raft): void {
  invariant(raft.vote === raft.self, 'the vote on disk is for this member');
  raft.voteWrite = 0;
  raft.votes.set(raft.self, true);
  raft.trace?.('vote', 'its own', { candidate: raft.self, isGranted: true });
  maybeWin(raft);
}

/** §5.4.1: this log is at least as complete, so it holds everything that could have been committed. */
function isUpToDate(raft: Raft, message: RequestPreVote | RequestVote): boolean {
  const { lastTerm } = raft.terms;
  return message.lastTerm > lastTerm || (message.lastTerm === lastTerm && message.lastIndex >= raft.lastIndex);
}

/** Answers without changing anything: not the term, not the vote, not the election deadline (canonical/raft 196). */
export function handleRequestPreVote(raft: Raft, message: RequestPreVote): void {
  const isGranted = message.term > raft.term && !raft.isLeaderAlive && isUpToDate(raft, message);
  raft.trace?.('vote', 'asked for a pre-vote', { candidate: message.from, isGranted, isPreVote: true });
  if (isGranted) raft.send({ kind: 'pre-vote-granted', term: message.term }, message.from);
  else raft.send({ kind: 'pre-vote-refused', term: raft.term, askedTerm: message.term }, message.from);
}

/**
 * §5.2 and §5.4.1. Whether this member takes itself for a voter does not matter: the candidate may know a newer configuration,
 * in which it is one (§6). Whether the candidate counts the vote is the candidate's to know.
 */
export function handleRequestVote(raft: Raft, message: RequestVote): void {
  invariant(message.term === raft.term, 'a request of a higher term has raised ours');
  const isFree = raft.vote === message.from || (raft.vote === null && raft.leader === null);
  const isGranted = isFree && isUpToDate(raft, message);
  raft.trace?.('vote', 'asked for a vote', { candidate: message.from, isGranted });
  if (!isGranted) {
    raft.send({ kind: 'vote-refused', term: raft.term }, message.from);
    return;
  }
  if (raft.role === 'pre-candidate') becomeFollower(raft, raft.term, null, `${message.from} campaigns already`);
  invariant(raft.role === 'follower', 'only a follower gives its vote');
  if (raft.vote === null) raft.outbox.isHardStateDirty = true;
  raft.vote = message.from;
  // Drawn anew: with an unlucky long timeout, one who hears of a candidate again and again would never campaign itself.
  raft.drawElectionTimeout();
  raft.sendDurable({ kind: 'vote-granted', term: raft.term }, message.from);
}

export function handlePreVoteGranted(raft: Raft, message: PreVoteGranted): void {
  if (raft.role !== 'pre-candidate' || message.term !== raft.term + 1) return;
  raft.votes.set(message.from, true);
  maybeWin(raft);
}

export function handlePreVoteRefused(raft: Raft, message: PreVoteRefused): void {
  if (raft.role !== 'pre-candidate' || message.askedTerm !== raft.term + 1) return;
  raft.votes.set(message.from, false);
  maybeWin(raft);
}

export function handleVoteAnswer(raft: Raft, message: VoteGranted | VoteRefused): void {
  if (raft.role !== 'candidate') return;
  if (!raft.votes.has(message.from)) raft.votes.set(message.from, message.kind === 'vote-granted');
  maybeWin(raft);
}

/** The leader hands over (thesis §3.10): no pre-vote, and voters are told not to protect that leader. */
export function handleTimeoutNow(raft: Raft, message: TimeoutNow): void {
  if (raft.role === 'leader' || !raft.isPromotable) return;
  campaignForVote(raft, `told to by ${message.from}`, true);
}

function maybeWin(raft: Raft): void {
  const result = quorumVote(raft.configuration, (voter) => raft.votes.get(voter));
  if (result === 'lost') becomeFollower(raft, raft.term, null, 'lost the election');
  if (result !== 'won') return;
  if (raft.role === 'pre-candidate') campaignForVote(raft, 'won the pre-vote', false);
  else if (raft.role === 'candidate' && raft.isPromotable) lead(raft);
}

/** A leader begins with an entry of its own term: only that can tell it what is committed (§8). */
function lead(raft: Raft): void {
  becomeLeader(raft);
  raft.appendOwn('noop', noData);
  beat(raft);
  broadcastAppend(raft);
}

function otherVoters(raft: Raft): Set<MemberId> {
  const voters = new Set([...raft.configuration.voters, ...raft.configuration.outgoing]);
  voters.delete(raft.self);
  return voters;
}

const noData = new Uint8Array(0);
