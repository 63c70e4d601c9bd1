import {
  handlePreVoteGranted,
  handlePreVoteRefused,
  handleRequestPreVote,
  handleRequestVote,
  handleTimeoutNow,
  handleVoteAnswer,
} from './election.js';
import { handleCommitNotice, handleHeartbeat, handleHeartbeatAck } from './heartbeat.js';
import { invariant } from './invariant.js';
import { isFromLeader, type LeaderMessage, type Message, type PreVoteRefused } from './message.js';
import type { Raft } from './raft.js';
import { handleReadAnswer, handleReadRequest } from './reads.js';
import { handleFetch, handleFetched } from './repair.js';
import { handleAppend, handleAppendAccepted, handleAppendRejected } from './replication.js';
import { becomeFollower } from './roles.js';
import { handleSnapshotChunk, handleSnapshotWants } from './snapshot.js';

/** A message came in. Terms first (§5.1), then its kind's handler; from there on, it is of our term. */
export function stepMessage(raft: Raft, message: Message): void {
  if (message.to !== raft.self || message.from === raft.self) {
    raft.trace?.('drop', 'for another storage than this', { message: message.id, from: message.from });
    return;
  }
  raft.trace?.('receive', message.kind, { message: message.id, from: message.from, messageTerm: message.term });
  switch (message.kind) {
    // These stand outside of terms: they ask or tell, and change nobody's term or vote.
    case 'request-pre-vote':
      return handleRequestPreVote(raft, message);
    case 'fetch':
      return handleFetch(raft, message);
    case 'fetched':
      return handleFetched(raft, message);
    case 'pre-vote-granted':
      return handlePreVoteGranted(raft, message);
    case 'pre-vote-refused':
      // Unlike the others it may also bring a higher term; from a member that is behind us, it is still a refusal.
      if (message.term <= raft.term) return handlePreVoteRefused(raft, message);
      break;
    default:
  }
  if (message.term > raft.term && !maybeEnterTerm(raft, message)) return;
  if (message.term < raft.term) {
    answerStale(raft, message);
    return;
  }
  if (isFromLeader(message)) stepLeaderMessage(raft, message);
  else stepOther(raft, message);
}

/** Follows a higher term (§5.1); or not, where a leader is alive and somebody only wants to depose it (thesis §4.2.3). */
function maybeEnterTerm(raft: Raft, message: Message): boolean {
  if (message.kind === 'request-vote' && !message.isTransfer && raft.isLeaderAlive) {
    raft.trace?.('drop', 'the leader is alive', { message: message.id, from: message.from });
    return false;
  }
  becomeFollower(raft, message.term, isFromLeader(message) ? message.from : null, `a higher term from ${message.from}`);
  return true;
}

/**
 * Nothing of an earlier term is acted on. Its leader is told, or it would go on leading while a member that is ahead of it
 * could never follow; a candidate is told, so that it need not wait.
 */
function answerStale(raft: Raft, message: Message): void {
  if (isFromLeader(message)) raft.send({ kind: 'stale-term', term: raft.term }, message.from);
  else if (message.kind === 'request-vote') raft.send({ kind: 'vote-refused', term: raft.term }, message.from);
}

function stepLeaderMessage(raft: Raft, message: LeaderMessage): void {
  invariant(!raft.isLeader, `two leaders in term ${raft.term}: ${raft.self} and ${message.from}`);
  invariant(
    raft.leader === null || raft.leader === message.from,
    `two leaders in term ${raft.term}: ${raft.leader} and ${message.from}`,
  );
  if (raft.role !== 'follower' || raft.leader === null) {
    becomeFollower(raft, raft.term, message.from, `${message.from} leads this term`);
  }
  raft.leaderHeardAtMs = raft.nowMs;
  raft.resetElectionDeadline();
  switch (message.kind) {
    case 'append':
      return handleAppend(raft, message);
    case 'heartbeat':
      return handleHeartbeat(raft, message);
    case 'commit-notice':
      return handleCommitNotice(raft, message);
    case 'snapshot-chunk':
      return handleSnapshotChunk(raft, message);
  }
}

type OtherMessage = Exclude<
  Message,
  LeaderMessage | { kind: 'request-pre-vote' | 'pre-vote-granted' | 'pre-vote-refused' | 'fetch' | 'fetched' }
>;

function stepOther(raft: Raft, message: Message): void {
  const other = message as OtherMessage | PreVoteRefused;
  switch (other.kind) {
    case 'request-vote':
      return handleRequestVote(raft, other);
    case 'vote-granted':
    case 'vote-refused':
      return handleVoteAnswer(raft, other);
    case 'append-accepted':
      return handleAppendAccepted(raft, other);
    case 'append-rejected':
      return handleAppendRejected(raft, other);
    case 'heartbeat-ack':
      return handleHeartbeatAck(raft, other);
    case 'snapshot-wants':
      return handleSnapshotWants(raft, other);
    case 'timeout-now':
      return handleTimeoutNow(raft, other);
    case 'read-request':
      return handleReadRequest(raft, other);
    case 'read-answer':
      return handleReadAnswer(raft, other);
    // The term that they brought was all they had to say.
    case 'pre-vote-refused':
    case 'stale-term':
      return;
  }
}
