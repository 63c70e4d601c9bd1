import type { ApiError, ApiErrorCode } from '@commitlog/api';
import { BatchError } from '@commitlog/record';
import { type AppendOutcome, CommitlogError, type CommitlogErrorCode, type CommitlogErrorValues } from './errors.js';

/** What servers say, in this library's words; the rest is `INTERNAL`. */
const codes: Partial<Record<ApiErrorCode, CommitlogErrorCode>> = {
  INVALID_REQUEST: 'INVALID_ARGUMENT',
  INVALID_LOG_NAME: 'INVALID_ARGUMENT',
  INVALID_OFFSET: 'INVALID_ARGUMENT',
  INVALID_ARGUMENT: 'INVALID_ARGUMENT',
  OFFSET_OUT_OF_RANGE: 'OFFSET_OUT_OF_RANGE',
  OFFSET_MISMATCH: 'OFFSET_MISMATCH',
  LOG_NOT_FOUND: 'LOG_NOT_FOUND',
  UNKNOWN_PRODUCER: 'PRODUCER_FORGOTTEN',
  PRODUCER_FENCED: 'PRODUCER_FENCED',
  MESSAGE_TOO_LARGE: 'TOO_LARGE',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  UNAUTHENTICATED: 'UNAUTHENTICATED',
  DATA_LOSS: 'DAMAGED',
  NOT_LEADER: 'UNAVAILABLE',
  NO_LEADER: 'UNAVAILABLE',
  STOPPING: 'UNAVAILABLE',
  NODE_FAILED: 'UNAVAILABLE',
  OUTCOME_UNKNOWN: 'UNAVAILABLE',
  UNAVAILABLE: 'UNAVAILABLE',
  OVERLOADED: 'OVERLOADED',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
};

/** Whether the same may be asked again, of another server or later. A call that broke off without our doing is no more than a lost connection. */
export function isPassing({ code, retry }: ApiError): boolean {
  return retry !== 'no' || code === 'CANCELLED';
}

/** What a server said, as it is told here. */
export function toCommitlogError(cause: ApiError, values: CommitlogErrorValues = {}): CommitlogError {
  const numberOf = (name: string): number | undefined => {
    const text = cause.metadata[name];
    return text === undefined ? undefined : Number(text);
  };
  return new CommitlogError(codes[cause.code] ?? 'INTERNAL', cause.message, {
    offset: numberOf('offset'),
    expected: numberOf('expected'),
    actual: numberOf('actual'),
    start: numberOf('start'),
    end: numberOf('end'),
    ...values,
    cause,
  });
}

/** What ends an append that is not in the log. */
export function refused(cause: ApiError, outcome: AppendOutcome): CommitlogError {
  return toCommitlogError(cause, { outcome, retryable: outcome === 'not-applied' && isPassing(cause) });
}

/** A record that no batch can have. */
export function unencodable(error: unknown): CommitlogError {
  const isTooLarge = error instanceof BatchError && error.code === 'too-large';
  const message = error instanceof Error ? error.message : String(error);
  return new CommitlogError(isTooLarge ? 'TOO_LARGE' : 'INVALID_ARGUMENT', message, {
    outcome: 'not-applied',
    cause: error,
  });
}

/** Waited for as long as may be. @param trouble what stood in the way last */
export function tooLate(deadlineMs: number, outcome: AppendOutcome, trouble: unknown): CommitlogError {
  const why = trouble instanceof Error ? `: ${trouble.message}` : '';
  const fate =
    outcome === 'unknown'
      ? 'not acknowledged within the deadline, and may be in the log or not'
      : 'not sent within the deadline, and is not in the log';
  return new CommitlogError('DEADLINE_EXCEEDED', `the append was ${fate} (${deadlineMs} ms)${why}`, {
    outcome,
    retryable: outcome === 'not-applied',
    cause: trouble,
  });
}

export function aborted(signal: AbortSignal | undefined, values: CommitlogErrorValues = {}): CommitlogError {
  const fate = values.outcome === 'unknown' ? ' while it was on its way: it may be in the log, or not' : '';
  return new CommitlogError('ABORTED', `the signal was aborted${fate}`, { ...values, cause: signal?.reason });
}

export function closed(what: string, values: CommitlogErrorValues = {}): CommitlogError {
  return new CommitlogError('CLOSED', `${what} was closed`, values);
}
