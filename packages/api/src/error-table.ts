import type { GrpcCodeName } from './grpc-code.js';

/** What a client gets to see of a kind of error, and what it may do about it. */
export interface ErrorKind {
  readonly grpc: Exclude<GrpcCodeName, 'OK'>;
  /**
   * Whether the same call may be made again. `yes`: nothing has happened. `idempotent`: something may have happened, so only what does no harm
   * twice, such as a batch of a registered producer. `no`: it would end in the same way.
   */
  readonly retry: 'yes' | 'idempotent' | 'no';
  readonly meaning: string;
}

const kind = (grpc: ErrorKind['grpc'], retry: ErrorKind['retry'], meaning: string): ErrorKind => ({
  grpc,
  retry,
  meaning,
});

/** What can go wrong, for programs to decide by. The second half are the names of gRPC's own codes. */
export type ApiErrorCode =
  | 'MALFORMED_MESSAGE'
  | 'INVALID_REQUEST'
  | 'INVALID_LOG_NAME'
  | 'INVALID_OFFSET'
  | 'INVALID_BATCH'
  | 'OFFSET_OUT_OF_RANGE'
  | 'LOG_NOT_FOUND'
  | 'MEMBER_NOT_FOUND'
  | 'MEMBER_EXISTS'
  | 'GOSSIP_KEY_NOT_FOUND'
  | 'OFFSET_MISMATCH'
  | 'UNKNOWN_PRODUCER'
  | 'PRODUCER_FENCED'
  | 'SEQUENCE_GAP'
  | 'SEQUENCE_FORGOTTEN'
  | 'CHANGE_IN_PROGRESS'
  | 'GOSSIP_KEY_IN_USE'
  | 'WRONG_CLUSTER'
  | 'WRONG_NODE'
  | 'PROTOCOL_MISMATCH'
  | 'NOT_LEADER'
  | 'NO_LEADER'
  | 'STOPPING'
  | 'NODE_FAILED'
  | 'OUTCOME_UNKNOWN'
  | 'OVERLOADED'
  | 'NO_SPACE'
  | 'MESSAGE_TOO_LARGE'
  | Exclude<GrpcCodeName, 'OK'>;

/**
 * Every error that this project tells a client: its code is the `reason` of the `google.rpc.ErrorInfo` on the wire, in the domain
 * `commitlog`. Codes are never renamed and never change their gRPC code. docs/api.md shows this table.
 */
export const errorTable: Readonly<Record<ApiErrorCode, ErrorKind>> = {
  MALFORMED_MESSAGE: kind('INVALID_ARGUMENT', 'no', 'the message cannot be decoded'),
  INVALID_REQUEST: kind('INVALID_ARGUMENT', 'no', 'a field has a value that it may not have; `field` names it'),
  INVALID_LOG_NAME: kind('INVALID_ARGUMENT', 'no', 'no log can have that name'),
  INVALID_OFFSET: kind('INVALID_ARGUMENT', 'no', 'no offset: below 0, or above 2^53−1'),
  INVALID_BATCH: kind('INVALID_ARGUMENT', 'no', 'the record batch is not one; `problem` says what is wrong with it'),
  OFFSET_OUT_OF_RANGE: kind(
    'OUT_OF_RANGE',
    'no',
    'nothing is there, or not any more; `start` and `end` are the bounds: `start` ≤ offset < `end`',
  ),
  LOG_NOT_FOUND: kind('NOT_FOUND', 'no', 'there is no such log'),
  MEMBER_NOT_FOUND: kind('NOT_FOUND', 'no', 'no such node is known'),
  MEMBER_EXISTS: kind('ALREADY_EXISTS', 'no', 'the node is a member already'),
  GOSSIP_KEY_NOT_FOUND: kind('NOT_FOUND', 'no', 'no node has a gossip key of that id'),
  OFFSET_MISMATCH: kind(
    'ABORTED',
    'no',
    'a conditional append came too late; `expected` and `actual` tell the offsets',
  ),
  UNKNOWN_PRODUCER: kind('FAILED_PRECONDITION', 'no', 'the producer was never opened, or is forgotten: open it again'),
  PRODUCER_FENCED: kind('FAILED_PRECONDITION', 'no', 'the producer was opened again since; `epoch` is the current one'),
  SEQUENCE_GAP: kind(
    'FAILED_PRECONDITION',
    'no',
    'a batch before this one is missing; `expected` and `found` tell the sequences',
  ),
  SEQUENCE_FORGOTTEN: kind(
    'FAILED_PRECONDITION',
    'no',
    'the batch is older than what the log remembers of its producer',
  ),
  CHANGE_IN_PROGRESS: kind('FAILED_PRECONDITION', 'yes', 'another change of the configuration is under way'),
  GOSSIP_KEY_IN_USE: kind('FAILED_PRECONDITION', 'no', 'a node still seals with the gossip key, or lacks it'),
  WRONG_CLUSTER: kind('FAILED_PRECONDITION', 'no', 'the other node belongs to another cluster'),
  WRONG_NODE: kind('FAILED_PRECONDITION', 'no', 'another node, or another disk, than the one that was meant'),
  PROTOCOL_MISMATCH: kind('FAILED_PRECONDITION', 'no', 'the two nodes have no version of the protocol in common'),
  NOT_LEADER: kind('UNAVAILABLE', 'yes', 'another node leads; `leader_id` and `leader_address` name it'),
  NO_LEADER: kind('UNAVAILABLE', 'yes', 'the cluster is electing a leader'),
  STOPPING: kind('UNAVAILABLE', 'idempotent', 'this node is stopping: ask another'),
  NODE_FAILED: kind('UNAVAILABLE', 'idempotent', 'this node cannot trust its disk any more: ask another'),
  OUTCOME_UNKNOWN: kind('UNKNOWN', 'idempotent', 'the leader changed meanwhile: it may have been appended, or not'),
  OVERLOADED: kind('RESOURCE_EXHAUSTED', 'yes', 'too much is waiting already; try again after the time in `RetryInfo`'),
  NO_SPACE: kind('RESOURCE_EXHAUSTED', 'yes', "the leader's disk is full; reads go on"),
  MESSAGE_TOO_LARGE: kind('RESOURCE_EXHAUSTED', 'no', 'a message is longer than the limit, as it is or decompressed'),
  // What has no kind of its own here, ours or another server's, goes by the name of its gRPC code.
  CANCELLED: kind('CANCELLED', 'no', 'the caller, or its connection, has gone'),
  UNKNOWN: kind('UNKNOWN', 'idempotent', 'an error without a code of its own'),
  INVALID_ARGUMENT: kind('INVALID_ARGUMENT', 'no', 'the request can never be right'),
  DEADLINE_EXCEEDED: kind('DEADLINE_EXCEEDED', 'idempotent', 'not within the deadline: it may have happened, or not'),
  NOT_FOUND: kind('NOT_FOUND', 'no', 'what the request names does not exist'),
  ALREADY_EXISTS: kind('ALREADY_EXISTS', 'no', 'what the request would create exists'),
  PERMISSION_DENIED: kind(
    'PERMISSION_DENIED',
    'no',
    'the caller has no grant for that; whether the log exists is not told',
  ),
  RESOURCE_EXHAUSTED: kind('RESOURCE_EXHAUSTED', 'no', 'a limit was reached'),
  FAILED_PRECONDITION: kind('FAILED_PRECONDITION', 'no', 'not in this state'),
  ABORTED: kind('ABORTED', 'no', 'somebody else was faster'),
  OUT_OF_RANGE: kind('OUT_OF_RANGE', 'no', 'beyond the end'),
  UNIMPLEMENTED: kind('UNIMPLEMENTED', 'no', 'the server has no such method'),
  INTERNAL: kind('INTERNAL', 'idempotent', 'a defect of the server; its log explains the id in `id`'),
  UNAVAILABLE: kind('UNAVAILABLE', 'idempotent', 'no connection, or it was lost'),
  DATA_LOSS: kind('DATA_LOSS', 'no', 'what should be there is damaged on every replica'),
  UNAUTHENTICATED: kind('UNAUTHENTICATED', 'no', 'the certificate proves no identity, or more than one'),
};

/** Whether a word that came over the wire is one of our codes. */
export function isApiErrorCode(reason: string): reason is ApiErrorCode {
  return Object.hasOwn(errorTable, reason);
}
