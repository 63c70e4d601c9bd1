import type { Index } from '../core/index.js';

export type RaftErrorCode =
  /** The member was stopped. */
  | 'ERR_RAFT_STOPPED'
  /** The member has failed for good; `cause` says of what. */
  | 'ERR_RAFT_FAILED'
  | 'ERR_RAFT_READ_REFUSED'
  | 'ERR_RAFT_NO_SPACE'
  | 'ERR_RAFT_UNREADABLE'
  /** A newer snapshot came in before this member's own was written. */
  | 'ERR_RAFT_SUPERSEDED'
  /** There is nothing yet that a snapshot could hold. */
  | 'ERR_RAFT_NOTHING_APPLIED'
  /** The storage broke its contract. */
  | 'ERR_RAFT_STORAGE';

export class RaftError extends Error {
  readonly code: RaftErrorCode;

  constructor(code: RaftErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * What a storage throws when there is no room: the first `done` operations are on disk, and of the others no entry, no snapshot and
 * no part of one is.
 */
export class NoSpaceError extends RaftError {
  /** @throws RangeError when `done` is no whole number from 0 on: taken for granted, it would acknowledge what is not on disk */
  constructor(
    readonly done: number,
    options?: ErrorOptions,
  ) {
    if (!Number.isSafeInteger(done) || done < 0) {
      throw new RangeError(`NoSpaceError needs the number of operations that are on disk, 0 or more, got ${done}`);
    }
    super(
      'ERR_RAFT_NO_SPACE',
      `there is no space for operation ${done} of this write; free some, and it is tried again`,
      options,
    );
  }
}

/** What a storage throws when it has entries, or its snapshot, and cannot read them: other members have them too. */
export class UnreadableError extends RaftError {
  /** @param indexes the entries; none where it is the snapshot */
  constructor(
    readonly indexes: readonly Index[],
    options?: ErrorOptions,
  ) {
    const what = indexes.length === 0 ? 'the snapshot is' : `entries ${indexes.join(', ')} are`;
    super('ERR_RAFT_UNREADABLE', `${what} on this disk and cannot be read`, options);
  }
}
