/** What can go wrong, for programs to decide by. Never renamed; a later version may have more. */
export type CommitlogErrorCode =
  /** What was asked for makes no sense: a setting, a value, an offset. */
  | 'INVALID_ARGUMENT'
  /** The record fits into no batch (1 MiB with its key, headers and 100 bytes or so around it). */
  | 'TOO_LARGE'
  /** A conditional append came too late: `expected` and `actual` tell the offsets. */
  | 'OFFSET_MISMATCH'
  /** Nothing is there, or not any more: `offset` is not from `start` to before `end`. */
  | 'OFFSET_OUT_OF_RANGE'
  | 'LOG_NOT_FOUND'
  /** The certificate's subject has no grant for that; whether the log exists is not told. */
  | 'PERMISSION_DENIED'
  /** The certificate proves no identity. */
  | 'UNAUTHENTICATED'
  /** The producer was opened under its name again, here or elsewhere: who opened it last goes on. */
  | 'PRODUCER_FENCED'
  /** An earlier append of this producer has failed, which is the `cause`: nothing goes in behind a hole. Open another. */
  | 'PRODUCER_FAILED'
  /** The log has forgotten the producer, which was silent while 100,000 others were not. */
  | 'PRODUCER_FORGOTTEN'
  /** Too much is waiting in this process already. */
  | 'OVERLOADED'
  /** Not within the deadline. The message and the `cause` tell what stood in the way. */
  | 'DEADLINE_EXCEEDED'
  /** No server that could do it was reached within the deadline. */
  | 'UNAVAILABLE'
  /** The signal was aborted; its reason is the `cause`. */
  | 'ABORTED'
  /** The log, or the producer, was closed. */
  | 'CLOSED'
  /** What came from the servers is no record batch, or not what it was when it was appended. */
  | 'DAMAGED'
  /** A server answered what it should not: the `cause` has its words. */
  | 'INTERNAL';

/**
 * What became of a failed append. `not-applied`: it is not in the log, and never will be. `unknown`: it may be; whether it is can be read once a later
 * append of the same log or producer has succeeded: what is not there by then never will be.
 */
export type AppendOutcome = 'not-applied' | 'unknown';

/** The values behind an error. */
export interface CommitlogErrorValues {
  readonly outcome?: AppendOutcome | undefined;
  readonly retryable?: boolean | undefined;
  readonly offset?: number | undefined;
  readonly expected?: number | undefined;
  readonly actual?: number | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly cause?: unknown;
}

/** The only error that this library throws, or rejects with. */
export class CommitlogError extends Error {
  readonly code: CommitlogErrorCode;
  /** Of a failed append: whether it is in the log. */
  declare readonly outcome?: AppendOutcome;
  /** The same call may be made again as it is: nothing has happened, and later it may work. */
  readonly retryable: boolean;
  /** The offset that was asked for; of a read that broke off, the one at which to go on. */
  declare readonly offset?: number;
  /** Of `OFFSET_MISMATCH`: the offset that the append expected. */
  declare readonly expected?: number;
  /** Of `OFFSET_MISMATCH`: the offset at which the log goes on. */
  declare readonly actual?: number;
  /** Of `OFFSET_OUT_OF_RANGE`: the first offset that can be read. */
  declare readonly start?: number;
  /** Of `OFFSET_OUT_OF_RANGE`: the offset behind the last that can be read. */
  declare readonly end?: number;

  constructor(code: CommitlogErrorCode, message: string, values: CommitlogErrorValues = {}) {
    super(message, values.cause === undefined ? undefined : { cause: values.cause });
    this.name = 'CommitlogError';
    this.code = code;
    this.retryable = values.retryable ?? false;
    const { outcome, offset, expected, actual, start, end } = values;
    // Only what there is: whoever prints the error sees no more.
    for (const [name, value] of Object.entries({ outcome, offset, expected, actual, start, end })) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    }
  }
}
