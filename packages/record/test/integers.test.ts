import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInt64, readUint64, requireInteger, writeInt64 } from '../src/integers.js';
import { safeInteger } from './arbitrary.js';
import { expectRefusal } from './refusal.js';

describe('64-bit integers', () => {
  it('given any safe integer, when written, then it reads the same, and Node reads the same', () => {
    fc.assert(
      fc.property(safeInteger, (value) => {
        const buffer = Buffer.alloc(8);
        writeInt64(buffer, 0, value);
        expect(buffer.readBigInt64LE()).toBe(BigInt(value));
        expect(readInt64(buffer, 0, 'field')).toBe(value);
        writeInt64(buffer, 0, Math.abs(value));
        expect(readUint64(buffer, 0, 'field')).toBe(Math.abs(value));
      }),
    );
  });

  it.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, -(2n ** 53n), -(2n ** 53n) - 1n, -(2n ** 63n)])(
    'given %s, which no number holds exactly, then it is refused',
    (found) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(found);
      expectRefusal(() => readInt64(buffer, 0, 'field'), 'number', { found });
      expectRefusal(() => readUint64(buffer, 0, 'field'), 'number', { found: BigInt.asUintN(64, found) });
    },
  );
});

describe('requireInteger', () => {
  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1, 11])(
    'refuses %d where 0 to 10 is wanted',
    (value) => {
      expectRefusal(() => requireInteger('field', value, 0, 10), 'number', { found: value });
    },
  );

  it('lets both bounds through', () => {
    requireInteger('field', 0, 0, 10);
    requireInteger('field', 10, 0, 10);
  });
});
