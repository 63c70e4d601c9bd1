import { handleAppend } from './acceptance.js';
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
import { handleAppendAccepted, handleAppendRejected } from './replication.js';
import { becomeFollower } from './roles.js';
import { handleSnapshotChunk } from './snapshot.js';
import { handleFetchedSnapshot } from './snapshot-fetch.js';
import { handleSnapshotWants } from './snapshot-source.js';

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
      handleRequestPreVote(raft, message);
      return;
    case 'fetch':
      handleFetch(raft, message);
      return;
    case 'fetched':
      handleFetched(raft, message);
      return;
    case 'fetched-snapshot':
      handleFetchedSnapshot(raft, message);
      return;
    case 'pre-vote-granted':
      handlePreVoteGranted(raft, message);
      return;
    case 'pre-vote-refused':
      // Unlike the others it may also bring a higher term; from a member that is behind us, it is still a refusal.
      if (message.term > raft.term) break;
      handlePreVoteRefused(raft, message);
      return;
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
      handleAppend(raft, message);
      return;
    case 'heartbeat':
      handleHeartbeat(raft, message);
      return;
    case 'commit-notice':
      handleCommitNotice(raft, message);
      return;
    case 'snapshot-chunk':
      handleSnapshotChunk(raft, message);
      return;
  }
}

type OtherMessage = Exclude<
  Message,
  | LeaderMessage
  | { kind: 'request-pre-vote' | 'pre-vote-granted' | 'pre-vote-refused' | 'fetch' | 'fetched' | 'fetched-snapshot' }
>;

function stepOther(raft: Raft, message: Message): void {
  const other = message as OtherMessage | PreVoteRefused;
  switch (other.kind) {
    case 'request-vote':
      handleRequestVote(raft, other);
      return;
    case 'vote-granted':
    case 'vote-refused':
      handleVoteAnswer(raft, other);
      return;
    case 'append-accepted':
      handleAppendAccepted(raft, other);
      return;
    case 'append-rejected':
      handleAppendRejected(raft, other);
      return;
    case 'heartbeat-ack':
      handleHeartbeatAck(raft, other);
      return;
    case 'snapshot-wants':
      handleSnapshotWants(raft, other);
      return;
    case 'timeout-now':
      handleTimeoutNow(raft, other);
      return;
    case 'read-request':
      handleReadRequest(raft, other);
      return;
    case 'read-answer':
      handleReadAnswer(raft, other);
      return;
    // The term that they brought was all they had to say.
    case 'pre-vote-refused':
    case 'stale-term':
      return;
  }
}
