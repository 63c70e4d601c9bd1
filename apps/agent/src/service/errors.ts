import { ApiError, type LeaderHint, notLeader, offsetOutOfRange } from '@commitlog/api';
import { nodeOf } from '@commitlog/raft';
import { BatchError } from '@commitlog/record';
import { ReplicatedLogError } from '@commitlog/replicated-log';

/** After how long an overloaded server may be asked again, in ms. */
const overloadedForMs = 100;

/**
 * What a client is told of an error of the log. What is none of the log's own is left as it is: whoever serves calls takes it for a defect.
 *
 * @param leaderHint where a node can be reached by clients, if that is known
 */
export function toApiError(error: unknown, leaderHint: (node: string) => LeaderHint | undefined): unknown {
  if (error instanceof BatchError) {
    const metadata = { problem: error.code, ...(error.at !== undefined && { at: error.at }) };
    return new ApiError('INVALID_BATCH', error.message, { metadata, cause: error });
  }
  if (!(error instanceof ReplicatedLogError)) return error;
  const { message, cause, expected = 0, actual = 0 } = error;
  const values = { ...(cause !== undefined && { cause }) };
  switch (error.code) {
    case 'not-leader':
      return notLeader(error.leader ? leaderHint(nodeOf(error.leader)) : undefined);
    case 'not-applied':
    case 'unconfirmed':
      return new ApiError('NO_LEADER', message, values);
    case 'overloaded':
      return new ApiError('OVERLOADED', message, { ...values, retryAfterMs: overloadedForMs });
    case 'unknown':
      return new ApiError('OUTCOME_UNKNOWN', message, values);
    case 'offset-mismatch':
      return new ApiError('OFFSET_MISMATCH', message, { ...values, metadata: { expected, actual } });
    case 'unknown-producer':
      return new ApiError('UNKNOWN_PRODUCER', message, values);
    case 'fenced':
      return new ApiError('PRODUCER_FENCED', message, values);
    case 'sequence-gap':
      return new ApiError('SEQUENCE_GAP', message, { ...values, metadata: { expected } });
    case 'sequence-stale':
      return new ApiError('SEQUENCE_FORGOTTEN', message, values);
    case 'out-of-range':
      return offsetOutOfRange(error.requested ?? 0, { start: error.first ?? 0, end: error.end ?? 0 });
    case 'damaged':
      return new ApiError('UNAVAILABLE', message, values);
    case 'invalid':
      return new ApiError('INVALID_REQUEST', message, values);
    case 'closed':
      return new ApiError('STOPPING', message, values);
    case 'failed':
      return new ApiError('NODE_FAILED', message, values);
  }
}
