/** A point between two batches of a log, described by the batch before it. */
export interface LogPosition {
  /** Index of the batch before this point; 0 at the very start. */
  readonly index: number;
  /** That batch's term; 0 at the very start. */
  readonly term: number;
  /** The offset that the next record will have. */
  readonly nextOffset: number;
  /** That batch's append time, in ms since 1970; 0 at the very start. */
  readonly appendTime: number;
}

/** Before the first batch of a new log. */
export const origin: LogPosition = { index: 0, term: 0, nextOffset: 0, appendTime: 0 };
