import type { MemberId } from '@commitlog/raft';

/** What went wrong, for programs. The message says it for people, with what to do. */
export type ReplicatedLogErrorCode =
  /** This member does not lead; `leader` does, if it is known. Nothing was appended: ask there. */
  | 'not-leader'
  /** Too much waits already. Nothing was appended: wait until some of it is done, and append again. */
  | 'overloaded'
  /** It was on its way when leadership changed, and was given up. It is not in the log, and never will be: append it again. */
  | 'not-applied'
  /** It may be in the log, or not. Append it again, with the same producer and sequence: it is in the log once, then. */
  | 'unknown'
  /** The log does not end where the appender expected: `expected` and `actual` say where. Nothing was appended: look at what came in between. */
  | 'offset-mismatch'
  /** Nobody has this producer id: it was never given, not to this subject, or so long ago that it is forgotten. Open a producer. */
  | 'unknown-producer'
  /** The producer was opened again, by its name: this one is not to append any more. */
  | 'fenced'
  /** Batches before this one are missing: `expected` is the sequence to go on with. Nothing was appended: send those first. */
  | 'sequence-gap'
  /** It lies before the batches that are remembered, or is cut in another way than the first time. Nothing was appended. */
  | 'sequence-stale'
  /** The log has offsets from `first` to before `end`, and `requested` is not among them. */
  | 'out-of-range'
  /** A linearizable read, or one past what this member knows, was not confirmed by a leader in time: try again, or read elsewhere. */
  | 'unconfirmed'
  /** The batches asked for cannot be read on this member, and are being fetched from the others: try again, or read elsewhere. */
  | 'damaged'
  /** A setting, or what was asked for, is outside its range. */
  | 'invalid'
  /** The log was closed here, or this member was. Nothing was appended. */
  | 'closed'
  /** This member has failed for good; `cause` says of what. */
  | 'failed';

/** The values that an error speaks of; each code sets those that it has. */
export interface ReplicatedLogErrorFields {
  readonly leader?: MemberId | null;
  readonly expected?: number;
  readonly actual?: number;
  readonly requested?: number;
  /** Offset of the first record. */
  readonly first?: number;
  /** The offset that the next record will have. */
  readonly end?: number;
}

/** Every error of a {@link ReplicatedLog}, but for a `BatchError` of a bad batch and the reason of an aborted signal. */
export class ReplicatedLogError extends Error implements ReplicatedLogErrorFields {
  readonly code: ReplicatedLogErrorCode;
  declare readonly leader?: MemberId | null;
  declare readonly expected?: number;
  declare readonly actual?: number;
  declare readonly requested?: number;
  declare readonly first?: number;
  declare readonly end?: number;

  constructor(
    code: ReplicatedLogErrorCode,
    message: string,
    options: ReplicatedLogErrorFields & { readonly cause?: unknown } = {},
  ) {
    const { cause, ...fields } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ReplicatedLogError';
    this.code = code;
    Object.assign(this, fields);
  }
}

export function notLeader(leader: MemberId | null): ReplicatedLogError {
  const hint = leader === null ? 'nobody is known to: ask again in a moment' : `ask ${leader}`;
  return new ReplicatedLogError('not-leader', `this member does not lead, so nothing was appended: ${hint}`, {
    leader,
  });
}

export function closed(): ReplicatedLogError {
  return new ReplicatedLogError(
    'closed',
    'the log was closed on this member, and nothing was appended or read: open it again',
  );
}

export function failed(cause: unknown): ReplicatedLogError {
  const message = 'this member has failed, and appends and serves nothing any more: ask another';
  return new ReplicatedLogError('failed', message, { cause });
}
