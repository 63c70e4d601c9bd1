import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBatch, encodeBatch, readHeader, type Stamp, stampBatch } from '../src/index.js';
import { goldenStamp, goldenUnstamped } from './golden.js';
import { expectRefusal } from './refusal.js';

const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;

describe('stampBatch', () => {
  it('given any stamp in range, then the batch carries it, passes the check, and is otherwise as before', () => {
    const number = fc.nat({ max: MAX_SAFE_INTEGER - 2 });
    const stamps = fc.record({ index: number, term: number, baseOffset: number, appendTime: fc.maxSafeInteger() });
    fc.assert(
      fc.property(stamps, (stamp) => {
        const batch = Buffer.from(goldenUnstamped);
        stampBatch(batch, stamp);
        checkBatch(batch);
        expect(readHeader(batch)).toEqual({ ...readHeader(goldenUnstamped), ...stamp });
        expect(batch.subarray(64)).toEqual(goldenUnstamped.subarray(64));
      }),
    );
  });

  it('given a batch that is stamped already, then the new stamp replaces the old one', () => {
    const batch = Buffer.from(goldenUnstamped);
    stampBatch(batch, { ...goldenStamp, index: 99 });
    stampBatch(batch, goldenStamp);
    expect(readHeader(batch).index).toBe(goldenStamp.index);
  });

  it.each<Partial<Stamp>>([
    { index: -1 },
    { index: 0.5 },
    { index: MAX_SAFE_INTEGER + 1 },
    { term: -1 },
    { term: Number.NaN },
    { baseOffset: -1 },
    { baseOffset: MAX_SAFE_INTEGER - 1 },
    { appendTime: MIN_SAFE_INTEGER - 1 },
    { appendTime: Number.POSITIVE_INFINITY },
  ])('given %o, then it is refused and the batch is untouched', (wrong) => {
    const batch = Buffer.from(goldenUnstamped);
    expectRefusal(() => stampBatch(batch, { ...goldenStamp, ...wrong }), 'number');
    expect(batch).toEqual(goldenUnstamped);
  });

  it('given a header that was damaged in memory, then it is refused rather than given a good checksum', () => {
    const batch = Buffer.from(goldenUnstamped);
    batch[32]! ^= 1;
    expectRefusal(() => stampBatch(batch, goldenStamp), 'header-checksum');
  });

  it('given a header that was damaged between its admission and its stamp, then its checksum stays wrong', () => {
    for (let at = 4; at < 64; at += 1) {
      const batch = Buffer.from(goldenUnstamped);
      batch[at]! ^= 0x10;
      stampBatch(batch, goldenStamp, { isChecked: true });
      expectRefusal(() => checkBatch(batch), 'header-checksum');
    }
  });

  it('given a batch above the default limit that some cluster admitted, then it is stamped', () => {
    const batch = encodeBatch([{ value: Buffer.alloc(2 ** 21) }], { batchBytesMax: 2 ** 22 });
    stampBatch(batch, goldenStamp);
    expect(checkBatch(batch, 0, { batchBytesMax: 2 ** 22 })).toBe(batch.length);
  });
});
