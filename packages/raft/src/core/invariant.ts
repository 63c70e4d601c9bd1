/** Thrown when the core finds itself in a state that the protocol rules out. The node must stop: going on could lose data. */
export class InvariantError extends Error {
  readonly code = 'ERR_RAFT_INVARIANT';

  constructor(what: string) {
    super(`raft invariant broken: ${what}`);
    this.name = 'InvariantError';
  }
}

/** An assertion that stays on in production. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(what);
}
