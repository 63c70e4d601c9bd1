import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldAt } from '../src/header.js';
import { batchTypes, checkBatch, checkHeader, encodeBatch, encodeControlBatch, stampBatch } from '../src/index.js';
import { records } from './arbitrary.js';
import { forgeHeader } from './forge.js';
import { goldenNoop, goldenStamp, goldenStamped } from './golden.js';
import { expectRefusal } from './refusal.js';

describe('checkHeader', () => {
  it('given a header without its body, then it gives the length of the whole batch', () => {
    expect(checkHeader(goldenStamped.subarray(0, 64))).toBe(115);
  });

  it('given fewer than 64 bytes behind the position, then they are truncated', () => {
    expectRefusal(() => checkHeader(goldenStamped, 100), 'truncated', { at: 100, expected: 64, found: 15 });
    expectRefusal(() => checkHeader(goldenStamped, 1000), 'truncated', { found: 0 });
    expectRefusal(() => checkHeader(goldenStamped, -1), 'truncated');
    expectRefusal(() => checkHeader(goldenStamped, Number.NaN), 'truncated');
  });

  it('given zeroed disk, then it is refused', () => {
    expectRefusal(() => checkHeader(Buffer.alloc(4096)), 'header-checksum', { found: 0 });
  });

  it('given zeros with a checksum that vouches for them, then they are refused still', () => {
    expectRefusal(() => checkHeader(forgeHeader(Buffer.alloc(64), () => {})), 'length', { found: 0 });
    const long = forgeHeader(Buffer.alloc(64), (copy) => copy.writeUInt32LE(64, fieldAt.length));
    expectRefusal(() => checkHeader(long), 'type', { found: 0 });
  });

  it.each([0, 63])('given a length of %i, then it is refused: a header is longer', (length) => {
    const forged = forgeHeader(goldenStamped, (copy) => copy.writeUInt32LE(length, fieldAt.length));
    expectRefusal(() => checkHeader(forged), 'length', { expected: 64, found: length });
  });

  it('given a length above the limit, then it is refused, and at the limit accepted', () => {
    const atLimit = forgeHeader(goldenStamped, (copy) => copy.writeUInt32LE(1_048_576, fieldAt.length));
    expect(checkHeader(atLimit)).toBe(1_048_576);
    const above = forgeHeader(goldenStamped, (copy) => copy.writeUInt32LE(1_048_577, fieldAt.length));
    expectRefusal(() => checkHeader(above), 'length', { expected: 1_048_576, found: 1_048_577 });
    expect(checkHeader(above, 0, { batchBytesMax: 2 ** 21 })).toBe(1_048_577);
  });

  it.each([63, 0.5, 2 ** 32])(
    'given a limit of %d, which no batch or no length field can keep, then it is refused',
    (max) => {
      expectRefusal(() => checkHeader(goldenStamped, 0, { batchBytesMax: max }), 'number', { found: max });
    },
  );

  it.each([7, 255])('given type %i, then it is refused as unknown', (type) => {
    const forged = forgeHeader(goldenStamped, (copy) => copy.writeUInt8(type, fieldAt.type));
    expectRefusal(() => checkHeader(forged), 'type', { at: 36, found: type });
  });

  it('given compression codec 3, then it is refused by its number', () => {
    const forged = forgeHeader(goldenStamped, (copy) => copy.writeUInt8(0x13, fieldAt.attributes));
    expectRefusal(() => checkHeader(forged), 'codec', { found: 3 });
    expect(() => checkHeader(forged)).toThrow('compression codec 3');
    expect(() => checkHeader(forged)).toThrow('unknown to this version');
  });

  it('given a flag, then it is refused: none has a meaning yet', () => {
    const forged = forgeHeader(goldenStamped, (copy) => copy.writeUInt8(0x20, fieldAt.attributes));
    expectRefusal(() => checkHeader(forged), 'flags', { found: 0x20 });
  });

  it.each([
    ['a data batch without records', goldenStamped, 0, 1],
    ['a data batch with more records than its bytes can hold', goldenStamped, 9, 8],
    ['a data batch with as many records as a field can say', goldenStamped, 0xffff_ffff, 8],
    ['a control batch with a record', goldenNoop, 1, 0],
  ])('given %s, then its count is refused', (_, batch, count, expected) => {
    const forged = forgeHeader(batch, (copy) => copy.writeUInt32LE(count, fieldAt.count));
    expectRefusal(() => checkHeader(forged), 'count', { at: 32, expected, found: count });
  });

  it('given a data batch too short for a base time, then its count is refused', () => {
    const forged = forgeHeader(goldenStamped, (copy) => copy.writeUInt32LE(71, fieldAt.length));
    expectRefusal(() => checkHeader(forged), 'count', { expected: 0 });
  });

  it.each(['index', 'term', 'baseOffset', 'producerId', 'appendTime'] as const)(
    'given %s of 2^53, then it is refused, not rounded',
    (field) => {
      const forged = forgeHeader(goldenStamped, (copy) => copy.writeBigUInt64LE(2n ** 53n, fieldAt[field]));
      expectRefusal(() => checkHeader(forged), 'number', { at: fieldAt[field], found: 2n ** 53n });
    },
  );

  it('given records whose offsets pass 2^53 − 1, then they are refused', () => {
    const forged = forgeHeader(goldenStamped, (copy) => copy.writeBigUInt64LE(2n ** 53n - 2n, fieldAt.baseOffset));
    expectRefusal(() => checkHeader(forged), 'number', { at: fieldAt.baseOffset });
  });
});

describe('checkBatch', () => {
  it('given a batch among others, then it gives the length by which to go on', () => {
    const bytes = Buffer.concat([goldenNoop, goldenStamped, goldenNoop]);
    expect(checkBatch(bytes)).toBe(64);
    expect(checkBatch(bytes, 64)).toBe(115);
    expect(checkBatch(bytes, 64 + 115)).toBe(64);
  });

  it('given a batch without its last byte, then it is truncated', () => {
    expectRefusal(() => checkBatch(goldenStamped.subarray(0, 114)), 'truncated', { expected: 115, found: 114 });
  });

  it('given a damaged body, then it is refused', () => {
    const damaged = Buffer.from(goldenStamped);
    damaged[100]! ^= 0x10;
    expectRefusal(() => checkBatch(damaged), 'body-checksum', { at: 0 });
  });

  it.each(Object.entries(batchTypes).filter(([, type]) => type !== batchTypes.data))(
    'given a %s batch, then it is accepted',
    (_, type) => {
      const batch = encodeControlBatch(type as 2, Buffer.from('body'));
      expect(checkBatch(batch)).toBe(68);
    },
  );

  it('given the golden batch, when any one bit is flipped, then it is refused', () => {
    for (let bit = 0; bit < goldenStamped.length * 8; bit += 1) {
      const damaged = Buffer.from(goldenStamped);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expectRefusal(() => checkBatch(damaged), bit < 64 * 8 ? 'header-checksum' : 'body-checksum');
    }
  });

  it('given any stamped batch, when any one bit is flipped, then it is refused', () => {
    fc.assert(
      fc.property(records, fc.nat(), (input, flip) => {
        const batch = encodeBatch(input);
        stampBatch(batch, goldenStamp);
        checkBatch(batch);
        const bit = flip % (batch.length * 8);
        batch[bit >> 3]! ^= 1 << (bit & 7);
        expectRefusal(() => checkBatch(batch), bit < 64 * 8 ? 'header-checksum' : 'body-checksum');
      }),
    );
  });
});
