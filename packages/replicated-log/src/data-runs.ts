import { appendTimeOf, baseOffsetOf, batchTypes, lengthOf, nextOffsetOf, typeOf } from '@commitlog/record';

/** Data batches back to back, as they are stored. */
export interface Batches {
  /** Whole batches, checksummed as they were read; the caller's own. */
  readonly bytes: Buffer;
  /** The offset of the first record that was asked for. Their first batch may begin with records before it. */
  readonly firstOffset: number;
  /** The offset behind the last. */
  readonly nextOffset: number;
}

/** What a reader does not want: batches that end before an offset, or were appended before a time. */
export interface Unwanted {
  readonly beforeOffset: number;
  readonly beforeTime: number;
}

/**
 * The data batches in a slice of a log, in runs without any other between them. Control batches are the servers' own: they name members and
 * subjects, and hold no record.
 */
export function* dataRuns(bytes: Buffer, { beforeOffset, beforeTime }: Unwanted): Generator<Batches, void, undefined> {
  let from = 0;
  let at = 0;
  const run = (end: number, last: number): Batches => {
    const firstOffset = Math.max(beforeOffset, baseOffsetOf(bytes, from));
    return { bytes: bytes.subarray(from, end), firstOffset, nextOffset: nextOffsetOf(bytes, last) };
  };
  let last = 0;
  while (at < bytes.length) {
    const next = at + lengthOf(bytes, at);
    const isWanted =
      typeOf(bytes, at) === batchTypes.data &&
      nextOffsetOf(bytes, at) > beforeOffset &&
      appendTimeOf(bytes, at) >= beforeTime;
    if (!isWanted) {
      if (from < at) yield run(at, last);
      from = next;
    }
    last = at;
    at = next;
  }
  if (from < at) yield run(at, last);
}
