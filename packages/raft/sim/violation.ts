/** An invariant of `RAFT_SCENARIOS.md`, broken. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    what: string,
  ) {
    super(`${invariant}: ${what}`);
    this.name = 'Violation';
  }
}

export function check(invariant: string, condition: boolean, what: string): asserts condition {
  if (!condition) throw new Violation(invariant, what);
}
