import type { Buffer } from 'node:buffer';
import { checkHeaderCrc } from './check.js';
import { countOf, fieldAt, headerCrcOf } from './header.js';
import { crcOfChange } from './header-crc.js';
import { readUint32, requireInteger, upperHalfOf, writeUint32 } from './integers.js';

/** What a leader adds to a batch. Integers. */
export interface Stamp {
  /** 0 to 2^53 − 1. */
  readonly index: number;
  /** 0 to 2^53 − 1. */
  readonly term: number;
  /** 0 to 2^53 − 1, and with the batch's count still at most that. */
  readonly baseOffset: number;
  /** The leader's clock, in ms since the epoch; within ±(2^53 − 1). */
  readonly appendTime: number;
}

export interface StampOptions {
  /** `admitBatch` has accepted the batch in this very turn of the event loop: nothing can have touched it since. Default false. */
  readonly isChecked?: boolean | undefined;
}

/**
 * Fills the leader's fields in place, and brings headerCrc up to date. The body is not touched, nor looked at. A batch that is
 * stamped already takes the new stamp.
 *
 * The new headerCrc is made from the old one and from what changes, so that it never vouches for bytes that were damaged in memory after
 * their admission: what was wrong stays wrong.
 *
 * @param batch a batch's bytes, from its start; the caller's, and changed only if nothing is thrown
 * @throws BatchError `number` for a stamp out of range; `truncated` or `header-checksum` for bytes that are no sealed batch
 */
export function stampBatch(batch: Buffer, stamp: Stamp, { isChecked = false }: StampOptions = {}): void {
  const { index, term, baseOffset, appendTime } = stamp;
  if (!isChecked) checkHeaderCrc(batch, 0);
  requireInteger('index', index, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('term', term, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('baseOffset', baseOffset, 0, Number.MAX_SAFE_INTEGER - countOf(batch));
  requireInteger('appendTime', appendTime, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const change =
    rewriteInt64(batch, fieldAt.index, index) ^
    rewriteInt64(batch, fieldAt.term, term) ^
    rewriteInt64(batch, fieldAt.baseOffset, baseOffset) ^
    rewriteInt64(batch, fieldAt.appendTime, appendTime);
  writeUint32(batch, fieldAt.headerCrc, headerCrcOf(batch) ^ change);
}

/** @returns by what headerCrc changes */
function rewriteInt64(batch: Buffer, at: number, value: number): number {
  return rewriteUint32(batch, at, value >>> 0) ^ rewriteUint32(batch, at + 4, upperHalfOf(value));
}

function rewriteUint32(batch: Buffer, at: number, value: number): number {
  const change = readUint32(batch, at) ^ value;
  if (change === 0) return 0;
  writeUint32(batch, at, value);
  return crcOfChange(at, change);
}
