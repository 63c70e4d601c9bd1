import type { Index } from '../core/index.js';

export type RaftErrorCode =
  | 'ERR_RAFT_STOPPED'
  | 'ERR_RAFT_FAILED'
  | 'ERR_RAFT_READ_REFUSED'
  | 'ERR_RAFT_NO_SPACE'
  | 'ERR_RAFT_UNREADABLE'
  | 'ERR_RAFT_SUPERSEDED';

export class RaftError extends Error {
  readonly code: RaftErrorCode;

  constructor(code: RaftErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** What a storage throws when there is no room: the first `done` operations are on disk, and no entry of the others is. */
export class NoSpaceError extends RaftError {
  constructor(
    readonly done: number,
    options?: ErrorOptions,
  ) {
    super(
      'ERR_RAFT_NO_SPACE',
      `there is no space for operation ${done} of this write; free some, and it is tried again`,
      options,
    );
  }
}

/** What a storage throws when it has entries and cannot read them: they are fetched from other members. */
export class UnreadableError extends RaftError {
  constructor(
    readonly indexes: readonly Index[],
    options?: ErrorOptions,
  ) {
    super('ERR_RAFT_UNREADABLE', `entries ${indexes.join(', ')} are on this disk and cannot be read`, options);
  }
}
