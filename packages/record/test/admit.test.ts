import { Buffer } from 'node:buffer';
import { getHeapStatistics } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldAt } from '../src/header.js';
import { admitBatch, batchTypes, encodeBatch, encodeControlBatch } from '../src/index.js';
import { records } from './arbitrary.js';
import { forgeHeader, forgeRecords } from './forge.js';
import { goldenNoop, goldenStamped, goldenUnstamped } from './golden.js';
import { expectRefusal } from './refusal.js';

describe('admitBatch', () => {
  it('given whatever encodeBatch makes, then it is admitted, and not changed', () => {
    fc.assert(
      fc.property(records, (input) => {
        const batch = encodeBatch(input);
        const before = Buffer.from(batch);
        admitBatch(batch);
        expect(batch).toEqual(before);
      }),
    );
  });

  it('given a batch that a leader stamped, then it is refused', () => {
    expectRefusal(() => admitBatch(goldenStamped), 'stamped', { at: 8, expected: 0, found: 12 });
  });

  it.each(['index', 'term', 'baseOffset', 'appendTime'] as const)(
    'given only %s filled, then it is refused',
    (field) => {
      const forged = forgeHeader(goldenUnstamped, (copy) => copy.writeUInt32LE(1, fieldAt[field]));
      expectRefusal(() => admitBatch(forged), 'stamped', { at: fieldAt[field], found: 1 });
    },
  );

  it('given a byte behind the batch, then it is refused', () => {
    const longer = Buffer.concat([goldenUnstamped, Buffer.alloc(1)]);
    expectRefusal(() => admitBatch(longer), 'length', { expected: 116, found: 115 });
  });

  it('given a damaged header or body, then it is refused', () => {
    for (const at of [50, 80]) {
      const damaged = Buffer.from(goldenUnstamped);
      damaged[at]! ^= 1;
      expectRefusal(() => admitBatch(damaged), at < 64 ? 'header-checksum' : 'body-checksum');
    }
  });

  it('given a batch above the limit, then it is refused', () => {
    expectRefusal(() => admitBatch(goldenUnstamped, { batchBytesMax: 114 }), 'length', { expected: 114, found: 115 });
  });

  it('given a control batch, then it is refused, unless that type may come in', () => {
    expectRefusal(() => admitBatch(goldenNoop), 'type', { expected: batchTypes.data, found: batchTypes.noop });
    admitBatch(goldenNoop, { types: [batchTypes.data, batchTypes.noop] });
    const trim = encodeControlBatch(batchTypes.trim, Buffer.from('anything'));
    expectRefusal(() => admitBatch(trim, { types: [batchTypes.data, batchTypes.noop] }), 'type');
  });

  it('given thousands of records, when it walks them, then it allocates nothing for each', () => {
    const count = 10_000;
    const batch = encodeBatch(Array.from({ length: count }, () => ({ value: Buffer.alloc(3) })));
    const growths = Array.from({ length: 30 }, () => {
      const before = getHeapStatistics().used_heap_size;
      admitBatch(batch);
      return getHeapStatistics().used_heap_size - before;
    });
    const lowest = Math.min(...growths.filter((growth) => growth >= 0));
    expect(lowest).toBeLessThan(count);
  });
});

describe('a body that is not records', () => {
  // Length, time delta, key length −1, value length, value, header count, as zigzag varints: 2n, or −2n − 1.
  const empty = [8, 0, 1, 0, 0];

  it('given well-formed records, then they are admitted', () => {
    admitBatch(forgeRecords(goldenUnstamped, 1, empty));
    admitBatch(forgeRecords(goldenUnstamped, 2, [...empty, ...empty]));
  });

  it.each([
    ['fewer records than the count', 2, [18, 0, 1, 10, 1, 2, 3, 4, 5, 0], 'count'],
    ['a record more than the count', 1, [...empty, ...empty], 'count'],
    ['a byte behind the last record', 1, [...empty, 0], 'count'],
    ['a record longer than the body', 1, [10, 0, 1, 0, 0], 'record'],
    ['a record of a negative length', 1, [1, 0, 1, 0, 0], 'record'],
    ['a record that ends before its parts', 1, [6, 0, 1, 0, 0], 'record'],
    ['a record that ends behind its parts', 1, [10, 0, 1, 0, 0, 0], 'record'],
    ['a key longer than its record', 1, [8, 0, 10, 0, 0], 'record'],
    ['a key of length −2', 1, [8, 0, 3, 0, 0], 'record'],
    ['a value longer than its record', 1, [8, 0, 1, 4, 0], 'record'],
    ['a value of length −1', 1, [8, 0, 1, 1, 0], 'record'],
    ['a header where there is no room for one', 1, [8, 0, 1, 0, 2], 'record'],
    ['a negative header count', 1, [8, 0, 1, 0, 1], 'record'],
    ['a header key longer than its record', 1, [12, 0, 1, 0, 2, 10, 1], 'record'],
    ['a header key of length −1', 1, [12, 0, 1, 0, 2, 1, 1], 'record'],
    ['a header value longer than its record', 1, [12, 0, 1, 0, 2, 0, 2], 'record'],
    ['a header value of length −2', 1, [12, 0, 1, 0, 2, 0, 3], 'record'],
    ['a header key that is not UTF-8', 1, [14, 0, 1, 0, 2, 2, 0xff, 1], 'record'],
    ['a length in more bytes than it need be', 1, [0x88, 0, 0, 1, 0, 0], 'record'],
    ['a time outside of ±(2^53 − 1)', 1, [22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0], 'number'],
  ] as const)('given %s, then it is refused', (_, count, recordBytes, code) => {
    expectRefusal(() => admitBatch(forgeRecords(goldenUnstamped, count, recordBytes)), code);
  });

  it('given a base time that no number holds exactly, then it is refused', () => {
    const forged = forgeRecords(goldenUnstamped, 1, empty, 2n ** 60n);
    expectRefusal(() => admitBatch(forged), 'number', { at: 64, found: 2n ** 60n });
  });

  it('given a base time and a delta that only together pass 2^53 − 1, then they are refused', () => {
    const forged = forgeRecords(goldenUnstamped, 1, [8, 2, 1, 0, 0], 2n ** 53n - 1n);
    expectRefusal(() => admitBatch(forged), 'number', { found: 2 ** 53 });
  });
});
