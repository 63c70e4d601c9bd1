import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldAt } from '../src/header.js';
import { batches, checkBatch, encodeBatch, lengthOf, records, stampBatch } from '../src/index.js';
import { forgeHeader, forgeRecords } from './forge.js';
import { goldenNoop, goldenStamp, goldenStamped, goldenUnstamped } from './golden.js';
import { expectRefusal } from './refusal.js';

describe('records', () => {
  it('gives views into the batch, no copies', () => {
    const batch = Buffer.from(goldenStamped);
    const [first] = records(batch);
    batch.write('USER-7', first!.key!.byteOffset - batch.byteOffset);
    expect(first!.key!.toString()).toBe('USER-7');
    expect(first!.value.buffer).toBe(batch.buffer);
    expect(first!.headers[0]!.value!.buffer).toBe(batch.buffer);
  });

  it('can be iterated again, and left early', () => {
    const iterable = records(goldenStamped);
    for (const { offset } of iterable) {
      expect(offset).toBe(1000);
      break;
    }
    expect([...iterable].map(({ offset }) => offset)).toEqual([1000, 1001]);
  });

  it('given offsets up to 2^53 − 2, then they are exact', () => {
    const batch = Buffer.from(goldenUnstamped);
    stampBatch(batch, { ...goldenStamp, baseOffset: Number.MAX_SAFE_INTEGER - 2 });
    expect([...records(batch)].map(({ offset }) => offset)).toEqual([2 ** 53 - 3, 2 ** 53 - 2]);
  });

  it('given bytes behind the batch, then it does not touch them', () => {
    expect([...records(Buffer.concat([goldenStamped, Buffer.alloc(100, 0xff)]))]).toHaveLength(2);
  });

  it('given a record of a large batch, when it is printed or copied, then the others do not come along', () => {
    const value = Buffer.alloc(100, 'x');
    const [first] = records(encodeBatch(Array.from({ length: 1000 }, () => ({ value }))));
    expect(Object.keys(first!)).toEqual(['offset', 'time', 'key', 'value']);
    expect(JSON.stringify(first).length).toBeLessThan(1000);
  });

  it('given bytes that are no Buffer, then they are refused rather than read with other header keys', () => {
    expectRefusal(() => records(new Uint8Array(goldenStamped) as Buffer), 'record');
  });

  it('given a control batch, then there are none', () => {
    expect([...records(goldenNoop)]).toEqual([]);
  });

  it('given a batch without its end, then it is truncated', () => {
    expectRefusal(() => records(goldenStamped.subarray(0, 63)), 'truncated');
    expectRefusal(() => records(goldenStamped.subarray(0, 114)), 'truncated', { expected: 115, found: 114 });
  });

  it('given a compressed batch, then it is refused rather than misread', () => {
    const forged = forgeHeader(goldenStamped, (copy) => copy.writeUInt8(1, fieldAt.attributes));
    expectRefusal(() => records(forged), 'codec', { found: 1 });
  });

  it('given a record that cannot be read behind one that can, then the first is given out before the error', () => {
    const forged = forgeRecords(goldenStamped, 2, [8, 0, 1, 0, 0, 8, 0, 1, 2, 0]);
    checkBatch(forged);
    const iterator = records(forged)[Symbol.iterator]();
    expect(iterator.next().value?.offset).toBe(1000);
    expectRefusal(() => iterator.next(), 'record');
  });
});

describe('batches', () => {
  const range = Buffer.concat([goldenNoop, goldenStamped, goldenStamped]);

  it.each([false, true])(
    'given batches back to back, isChecked %s, then each comes out whole, as a view',
    (isChecked) => {
      const found = [...batches(range, { isChecked })];
      expect(found.map((batch) => lengthOf(batch))).toEqual([64, 115, 115]);
      expect(Buffer.concat(found)).toEqual(range);
      expect(found.every(({ buffer }) => buffer === range.buffer)).toBe(true);
    },
  );

  it('given no bytes, then there are none', () => {
    expect([...batches(Buffer.alloc(0))]).toEqual([]);
  });

  it.each([false, true])('given a range that ends inside of a batch, isChecked %s, then it says so', (isChecked) => {
    for (const missing of [1, 60, 100]) {
      const torn = range.subarray(0, range.length - missing);
      expectRefusal(() => [...batches(torn, { isChecked })], 'truncated', { at: 179 });
    }
  });

  it('given a damaged batch, then those before it come out, and then the error', () => {
    const damaged = Buffer.from(range);
    damaged[70 + 64]! ^= 1;
    const iterator = batches(damaged)[Symbol.iterator]();
    expect(iterator.next().value).toEqual(goldenNoop);
    expectRefusal(() => iterator.next(), 'body-checksum', { at: 64 });
  });

  it('given bytes that were said to be checked and say length 0, then it ends with an error, not never', () => {
    expectRefusal(() => [...batches(Buffer.alloc(128), { isChecked: true })], 'length', { found: 0 });
  });

  it('given batches above the limit, then they are refused', () => {
    expectRefusal(() => [...batches(range, { batchBytesMax: 114 })], 'length', { found: 115 });
  });

  it('given any number of batches, then as many come out', () => {
    const sizes = fc.array(fc.nat({ max: 200 }), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const written = lengths.map((length) => encodeBatch([{ value: Buffer.alloc(length) }]));
        expect([...batches(Buffer.concat(written))]).toEqual(written);
      }),
    );
  });
});
