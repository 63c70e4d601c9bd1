import { expect, test } from 'vitest';
import { nodeRandom } from '../../src/node/index.js';

test('numbers are unsigned 32-bit integers and use all their bits', () => {
  const numbers = Array.from({ length: 1_000 }, () => nodeRandom.uint32());
  expect(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)).toBe(true);
  expect(numbers.reduce((bits, number) => (bits | number) >>> 0)).toBe(2 ** 32 - 1);
  expect(numbers.reduce((bits, number) => (bits & number) >>> 0)).toBe(0);
});

test('bytes are fresh, as many as asked for, and no window on a pool', () => {
  const first = nodeRandom.bytes(16);
  expect(first.byteLength).toBe(16);
  expect(first.buffer.byteLength).toBe(16);
  expect(nodeRandom.bytes(16)).not.toEqual(first);
  expect(nodeRandom.bytes(0)).toEqual(new Uint8Array());
});
