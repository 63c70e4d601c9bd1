import type { Buffer } from 'node:buffer';
import { checkHeaderCrc } from './check.js';
import { computeHeaderCrc, countOf, fieldAt } from './header.js';
import { requireInteger, writeInt64, writeUint32 } from './integers.js';

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
 * Fills the leader's fields in place and makes headerCrc anew. The body is not touched, nor looked at. A batch that is
 * stamped already takes the new stamp.
 *
 * The old headerCrc is checked first: a header that was damaged in memory after its admission would otherwise leave here
 * with a checksum that vouches for the damage.
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
  writeInt64(batch, fieldAt.index, index);
  writeInt64(batch, fieldAt.term, term);
  writeInt64(batch, fieldAt.baseOffset, baseOffset);
  writeInt64(batch, fieldAt.appendTime, appendTime);
  writeUint32(batch, fieldAt.headerCrc, computeHeaderCrc(batch));
}
