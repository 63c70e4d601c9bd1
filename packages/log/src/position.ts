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

/** A copy that holds nothing else, whatever else is known of that point. */
export function positionOf({ index, term, nextOffset, appendTime }: LogPosition): LogPosition {
  return { index, term, nextOffset, appendTime };
}

/** Before the first batch of a new log. */
export const origin: LogPosition = { index: 0, term: 0, nextOffset: 0, appendTime: 0 };
