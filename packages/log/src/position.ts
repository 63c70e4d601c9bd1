import { inspect } from 'node:util';
import { LogError } from './errors.js';

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

/** @throws LogError `settings` for what is no position: half of one, once it was written down, could not be opened again */
export function checkedPosition(given: LogPosition): LogPosition {
  const position = positionOf(given ?? {});
  for (const [field, value] of Object.entries(position)) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new LogError(
      'settings',
      `${field} of a position: expected an integer from 0 to 2^53-1, got ${inspect(value)}`,
    );
  }
  return position;
}

/** Before the first batch of a new log. */
export const origin: LogPosition = { index: 0, term: 0, nextOffset: 0, appendTime: 0 };
