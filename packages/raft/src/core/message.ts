import type { Entry, Index, Term } from './entry.js';
import type { MemberId } from './member.js';
import type { SnapshotMeta } from './snapshot-meta.js';

/** What every message carries. A member is (node id, storage id), so both are in `from` and in `to`. */
interface Header {
  /** Unique together with `from` within one life of the sender: ties a trace's two ends together. */
  readonly id: number;
  readonly from: MemberId;
  readonly to: MemberId;
  readonly term: Term;
}

/** Would you vote for me in `term`, which I have not entered? Changes nothing at either end (thesis §9.6). */
export interface RequestPreVote extends Header {
  readonly kind: 'request-pre-vote';
  readonly lastIndex: Index;
  readonly lastTerm: Term;
}
/** `term` is the one asked for. A kind of its own: it can never be counted as a vote (canonical/raft 279). */
export interface PreVoteGranted extends Header {
  readonly kind: 'pre-vote-granted';
}
export interface PreVoteRefused extends Header {
  readonly kind: 'pre-vote-refused';
  readonly askedTerm: Term;
}
/** §5.2. Durable: it says that the candidate has voted for itself. */
export interface RequestVote extends Header {
  readonly kind: 'request-vote';
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** The leader itself asked for this election: a voter that hears that leader does not refuse for it (§6, thesis §3.10). */
  readonly isTransfer: boolean;
}
/** Durable: the vote is on disk. */
export interface VoteGranted extends Header {
  readonly kind: 'vote-granted';
}
export interface VoteRefused extends Header {
  readonly kind: 'vote-refused';
}
/** §5.3. */
export interface Append extends Header {
  readonly kind: 'append';
  readonly prevIndex: Index;
  readonly prevTerm: Term;
  readonly entries: readonly Entry[];
  readonly commit: Index;
}
/** Durable: the log equals the leader's, on disk, up to `match`. */
export interface AppendAccepted extends Header {
  readonly kind: 'append-accepted';
  readonly match: Index;
}
/** The logs differ at `rejected`, and can agree at the latest at `hintIndex`, where this one has `hintTerm` (§5.3). */
export interface AppendRejected extends Header {
  readonly kind: 'append-rejected';
  readonly rejected: Index;
  readonly hintIndex: Index;
  readonly hintTerm: Term;
}
/** Commit has moved; sent to an idle follower, and not answered. */
export interface CommitNotice extends Header {
  readonly kind: 'commit-notice';
  readonly commit: Index;
}
export interface Heartbeat extends Header {
  readonly kind: 'heartbeat';
  /** Grows with every round of this reign: an answer to round n also answers every round before it. */
  readonly round: number;
  readonly commit: Index;
}
export interface HeartbeatAck extends Header {
  readonly kind: 'heartbeat-ack';
  readonly round: number;
}
/** To a leader whose reign is over: there is a higher term. Frees a member stuck above its leader's term. */
export interface StaleTerm extends Header {
  readonly kind: 'stale-term';
}
/** Campaign now: your log is complete (thesis §3.10). */
export interface TimeoutNow extends Header {
  readonly kind: 'timeout-now';
}
/** §7. Chunks go one at a time, in order. */
export interface SnapshotChunk extends Header {
  readonly kind: 'snapshot-chunk';
  readonly snapshot: SnapshotMeta;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly isLast: boolean;
}
/** Where to go on: after a lost chunk or a restart that is not where the leader was. Promises nothing. */
export interface SnapshotWants extends Header {
  readonly kind: 'snapshot-wants';
  readonly snapshotId: string;
  readonly offset: number;
}
/** A follower asks for a read index (thesis §6.4). `request` grows, and starts at random in each life. */
export interface ReadRequest extends Header {
  readonly kind: 'read-request';
  readonly request: number;
}
export interface ReadAnswer extends Header {
  readonly kind: 'read-answer';
  readonly request: number;
  readonly index: Index;
}
/** My disk cannot read these entries any more: who has them, or a snapshot that holds the first? */
export interface Fetch extends Header {
  readonly kind: 'fetch';
  readonly first: Index;
  readonly last: Index;
  /** The snapshot that came in answer to earlier ones, of which `offset` bytes are here; '' for none. */
  readonly snapshotId: string;
  readonly offset: number;
}
/** Entries of a log that is committed up to `commit`. */
export interface Fetched extends Header {
  readonly kind: 'fetched';
  readonly commit: Index;
  readonly entries: readonly Entry[];
}

/**
 * The entry that was asked for is in no log here, and this part of a snapshot holds what it did. Whoever has a snapshot sends it, leader or
 * not: what it stands for was committed in `term` at the latest.
 */
export interface FetchedSnapshot extends Header {
  readonly kind: 'fetched-snapshot';
  readonly snapshot: SnapshotMeta;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly isLast: boolean;
}

/** Messages that speak of this node's disk. They exist only inside the write that makes them true. */
export type DurableMessage = RequestVote | VoteGranted | AppendAccepted;

export type Message =
  | DurableMessage
  | RequestPreVote
  | PreVoteGranted
  | PreVoteRefused
  | VoteRefused
  | Append
  | AppendRejected
  | CommitNotice
  | Heartbeat
  | HeartbeatAck
  | StaleTerm
  | TimeoutNow
  | SnapshotChunk
  | SnapshotWants
  | ReadRequest
  | ReadAnswer
  | Fetch
  | Fetched
  | FetchedSnapshot;

/** Messages that promise nothing about this node's disk. */
export type VolatileMessage = Exclude<Message, DurableMessage>;

/** What only the leader of its term sends. */
export type LeaderMessage = Append | CommitNotice | Heartbeat | SnapshotChunk;

/** A message before the core has put the header on. */
export type Unaddressed<M extends Message> = M extends Message ? Omit<M, 'id' | 'from' | 'to'> : never;

export function isFromLeader(message: Message): message is LeaderMessage {
  return (
    message.kind === 'append' ||
    message.kind === 'heartbeat' ||
    message.kind === 'commit-notice' ||
    message.kind === 'snapshot-chunk'
  );
}

/** Whether a message is big and patient, so that votes and heartbeats must not queue behind it. */
export function isBulk(message: Message): boolean {
  return message.kind === 'append' || message.kind === 'fetched' || isSnapshotPart(message);
}

/** Whether a message carries a part of a snapshot: its leader's, or one that was fetched. */
export function isSnapshotPart(message: Message): message is SnapshotChunk | FetchedSnapshot {
  return message.kind === 'snapshot-chunk' || message.kind === 'fetched-snapshot';
}
