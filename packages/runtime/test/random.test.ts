import { expect, test } from 'vitest';
import { type Random, randomBelow } from '../src/index.js';

/** A source that gives these numbers, one after the other, and then fails. */
function scripted(...numbers: number[]): Random {
  return {
    uint32() {
      const next = numbers.shift();
      if (next === undefined) throw new Error('more numbers were drawn than the test allows');
      return next;
    },
    bytes: () => new Uint8Array(),
  };
}

test('a draw that would favour the low numbers is thrown away', () => {
  // 2^32 = 3 · 1,431,655,765 + 1: the one number left over would make 0 likelier than 1 and 2.
  expect(randomBelow(scripted(2 ** 32 - 1, 2 ** 32 - 2), 3)).toBe(2);
  expect(randomBelow(scripted(2 ** 32 - 2), 3)).toBe(2);
  expect(randomBelow(scripted(0), 3)).toBe(0);
});

test('a bound that divides 2^32 throws nothing away', () => {
  expect(randomBelow(scripted(2 ** 32 - 1), 1)).toBe(0);
  expect(randomBelow(scripted(2 ** 32 - 1), 256)).toBe(255);
  expect(randomBelow(scripted(2 ** 32 - 1), 2 ** 32)).toBe(2 ** 32 - 1);
});

test('the largest bound below 2^32 throws away one number in 2^32', () => {
  expect(randomBelow(scripted(2 ** 32 - 1, 2 ** 32 - 2), 2 ** 32 - 1)).toBe(2 ** 32 - 2);
});

test('a bound with nothing below it, or too large, is refused', () => {
  for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
    expect(() => randomBelow(scripted(1), bound)).toThrow(RangeError);
  }
});
