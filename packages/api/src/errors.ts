import { type ApiErrorCode, type ErrorKind, errorTable, isApiErrorCode } from './error-table.js';
import type { Any } from './generated/google/protobuf/any.js';
import { type GrpcCodeName, grpcCodes } from './grpc-code.js';

/** Where the leader is, for a client that asked somebody else. */
export interface LeaderHint {
  readonly id: string;
  /** `host:port`, for clients to dial. */
  readonly address: string;
}

/** What an {@link ApiError} says beyond its code and text. */
export interface ApiErrorValues {
  /** The values behind it, as in `ErrorInfo.metadata`: numbers in decimal. Short: it travels in a header. */
  readonly metadata?: Readonly<Record<string, string | number | bigint>> | undefined;
  readonly leader?: LeaderHint | undefined;
  /** In how many milliseconds the same call has a chance: 0 to 2^53−1. */
  readonly retryAfterMs?: number | undefined;
  /** A code that came over the wire and that this version does not know; else as `code`. */
  readonly reason?: string | undefined;
  /** Details that are none of ours, as they came. */
  readonly others?: readonly Any[] | undefined;
  readonly cause?: unknown;
}

/** The only error that is told to a client, and the only one that a client throws. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** As it stands on the wire. Differs from `code` where a newer server has reasons that this version does not know. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly leader: LeaderHint | undefined;
  readonly retryAfterMs: number | undefined;
  readonly others: readonly Any[];

  /** @throws TypeError for a code that is none; RangeError for a `retryAfterMs` outside of its range */
  constructor(code: ApiErrorCode, message: string, values: ApiErrorValues = {}) {
    super(message, values.cause === undefined ? undefined : { cause: values.cause });
    if (!isApiErrorCode(code)) throw new TypeError(`"${code}" is no code of an ApiError`);
    const { retryAfterMs = 0 } = values;
    if (!(retryAfterMs >= 0 && retryAfterMs <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`retryAfterMs must be 0 to 2^53−1, and is ${retryAfterMs}`);
    }
    this.name = 'ApiError';
    this.code = code;
    this.reason = values.reason ?? code;
    const leader = values.leader;
    const hint = leader === undefined ? {} : { leader_id: leader.id, leader_address: leader.address };
    const metadata = Object.entries({ ...values.metadata, ...hint }).map(([key, value]) => [key, `${value}`]);
    this.metadata = Object.fromEntries(metadata);
    this.leader = leader;
    this.retryAfterMs = values.retryAfterMs;
    this.others = values.others ?? [];
  }

  /** The gRPC code that it has on the wire. */
  get grpc(): GrpcCodeName {
    return errorTable[this.code].grpc;
  }

  /** The number of {@link grpc}. */
  get status(): number {
    return grpcCodes[this.grpc];
  }

  /** Whether the same call may be made again: see {@link ErrorKind.retry}. */
  get retry(): ErrorKind['retry'] {
    return errorTable[this.code].retry;
  }
}

/** Nothing can be read at `offset`: what can be has `start` ≤ offset < `end`. */
export function offsetOutOfRange(offset: number, bounds: { readonly start: number; readonly end: number }): ApiError {
  const { start, end } = bounds;
  const readable =
    start === end ? `the log is empty and its next offset is ${end}` : `the log has ${start} to ${end - 1}`;
  return new ApiError('OFFSET_OUT_OF_RANGE', `there is no record at offset ${offset}: ${readable}`, {
    metadata: { offset, start, end },
  });
}

/** Only the leader does this, and this node is not it; without a leader, the cluster elects. */
export function notLeader(leader: LeaderHint | undefined, retryAfterMs?: number): ApiError {
  if (leader === undefined) {
    return new ApiError('NO_LEADER', 'the cluster has no leader at the moment: try again', { retryAfterMs });
  }
  const text = `only the leader does this, and that is "${leader.id}" at ${leader.address}`;
  return new ApiError('NOT_LEADER', text, { leader, retryAfterMs });
}

/** What a client is told of a defect: the id under which the server's log explains it, and nothing else. */
export function internalError(id: string): ApiError {
  return new ApiError('INTERNAL', `internal error ${id}: the log of the server explains it`, { metadata: { id } });
}
