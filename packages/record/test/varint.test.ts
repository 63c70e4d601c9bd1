import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VarintReader, varintBytes, varintBytesMax, writeVarint } from '../src/varint.js';
import { safeInteger } from './arbitrary.js';
import { expectRefusal } from './refusal.js';

const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;

/** Where one more byte is needed, and where 32-bit arithmetic ends, both sides of each. */
const edges = [6, 13, 20, 27, 30, 31, 32, 34, 41, 48, 52].flatMap((bits) =>
  [2 ** bits - 1, 2 ** bits, 2 ** bits + 1].flatMap((value) => [value, -value]),
);

function write(value: number): Buffer {
  const bytes = Buffer.alloc(16);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
}

function read(bytes: Buffer): number {
  return new VarintReader(bytes, 0, bytes.length).read();
}

/** The definition, in arbitrary precision. */
function definition(value: number): number[] {
  let rest = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  const bytes = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

describe('varints', () => {
  it.each([0, -1, 1, ...edges, MAX_SAFE_INTEGER, MIN_SAFE_INTEGER])('writes and reads %d as defined', (value) => {
    expect([...write(value)]).toEqual(definition(value));
    expect(varintBytes(value)).toBe(definition(value).length);
    expect(read(write(value))).toBe(value);
  });

  it('writes and reads every integer as defined, in at most eight bytes', () => {
    fc.assert(
      fc.property(fc.oneof(safeInteger, fc.integer(), fc.integer({ min: -9000, max: 9000 })), (value) => {
        const bytes = write(value);
        expect([...bytes]).toEqual(definition(value));
        expect(varintBytes(value)).toBe(bytes.length);
        expect(bytes.length).toBeLessThanOrEqual(varintBytesMax);
        expect(read(bytes)).toBe(value);
      }),
    );
  });

  it('given several behind one another, then each is read where the one before ended', () => {
    const reader = new VarintReader(Buffer.concat([write(3), write(-70_000), write(300)]), 0, 6);
    expect([reader.read(), reader.read(), reader.read(), reader.at]).toEqual([3, -70_000, 300, 6]);
  });
});

describe('varints that are refused', () => {
  it.each([
    ['nothing', []],
    ['a byte that promises another', [0x80]],
    ['two such bytes', [0xff, 0xff]],
    ['0 in two bytes', [0x80, 0x00]],
    ['1 in three bytes', [0x82, 0x80, 0x00]],
    ['nine bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])('%s', (_, bytes) => {
    expectRefusal(() => read(Buffer.from(bytes)), 'record', { at: 0 });
  });

  it.each([
    ['2^53', 2n ** 54n],
    ['−2^53', 2n ** 54n - 1n],
    ['the largest of eight bytes', 2n ** 56n - 1n],
  ])('%s, which would have to be rounded', (_, zigzag) => {
    const bytes = Array.from({ length: 8 }, (_, i) => Number((zigzag >> BigInt(7 * i)) & 0x7fn) | (i < 7 ? 0x80 : 0));
    expectRefusal(() => read(Buffer.from(bytes)), 'number', { at: 0 });
  });

  it('one that goes on past the end, though the buffer does not end there', () => {
    const reader = new VarintReader(Buffer.from([0x80, 0x01]), 0, 1);
    expectRefusal(() => reader.read(), 'record', { expected: 1 });
  });
});
