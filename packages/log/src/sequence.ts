import { appendTimeOf, baseOffsetOf, countOf, indexOf, termOf } from '@commitlog/record';
import type { LogPosition } from './position.js';

/** The point behind the batch at `at`. */
export function positionAfter(bytes: Buffer, at: number): LogPosition {
  return {
    index: indexOf(bytes, at),
    term: termOf(bytes, at),
    nextOffset: baseOffsetOf(bytes, at) + countOf(bytes, at),
    appendTime: appendTimeOf(bytes, at),
  };
}

/**
 * Why the batch at `at` cannot be the one that follows `previous`: indexes and offsets have no gap, terms and append times never
 * go back.
 *
 * @returns `undefined` when it can
 */
export function sequenceProblem(previous: LogPosition, bytes: Buffer, at: number): string | undefined {
  const index = indexOf(bytes, at);
  if (index !== previous.index + 1) return `expected index ${previous.index + 1}, found ${index}`;
  const term = termOf(bytes, at);
  if (term < previous.term) return `expected a term of at least ${previous.term} at index ${index}, found ${term}`;
  const offset = baseOffsetOf(bytes, at);
  if (offset !== previous.nextOffset)
    return `expected base offset ${previous.nextOffset} at index ${index}, found ${offset}`;
  const time = appendTimeOf(bytes, at);
  if (time < previous.appendTime)
    return `expected an append time of at least ${previous.appendTime} at index ${index}, found ${time}`;
  return undefined;
}
