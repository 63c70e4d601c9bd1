/** What the watching process asks for. */
export interface Assignment {
  readonly seed: number;
  /** The first case's number. */
  readonly first: number;
  readonly cases: number;
}

/** What came of the cases since the tally before. */
export interface Tally {
  readonly accepted: number;
  readonly refused: number;
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** The number of the case, or of the first of those among which it is. */
  readonly first: number;
  /** How many those are. */
  readonly cases: number;
  /** A stack, and the bytes in hex. */
  readonly reason: string;
}

/** How many cases one tally speaks of, the last one excepted. */
export const casesPerTally = 500;
