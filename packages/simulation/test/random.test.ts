import { expect, test } from 'vitest';
import { SeededRandom, type Xoshiro128State, xoshiro128 } from '../src/random.js';

const draw = (random: SeededRandom, count: number): number[] => Array.from({ length: count }, () => random.uint32());

test('xoshiro128** gives the numbers of its reference implementation', () => {
  // From the tests of the rand_xoshiro crate, which took them from the authors' C code.
  const state: Xoshiro128State = [1, 2, 3, 4];
  const numbers = Array.from({ length: 10 }, () => xoshiro128(state));
  expect(numbers).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(new SeededRandom('a'), 20)).toEqual(draw(new SeededRandom('a'), 20));
  expect(draw(new SeededRandom('a'), 20)).not.toEqual(draw(new SeededRandom('b'), 20));
  expect(draw(new SeededRandom(7), 3)).toEqual(draw(new SeededRandom('7'), 3));
});

test('a fork depends on the seed and its name, not on what was drawn before', () => {
  const untouched = new SeededRandom('seed');
  const used = new SeededRandom('seed');
  draw(used, 100);
  used.fork('network').uint32();
  expect(draw(used.fork('disk'), 20)).toEqual(draw(untouched.fork('disk'), 20));
  expect(draw(untouched.fork('disk'), 20)).not.toEqual(draw(untouched.fork('network'), 20));
});

test('bytes, bounded integers and chances are spread evenly', () => {
  const random = new SeededRandom('even');
  const counts = new Array<number>(256).fill(0);
  for (const byte of random.bytes(25_600)) counts[byte]!++;
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(Math.max(...counts)).toBeLessThan(160);
  const dice = Array.from({ length: 6_000 }, () => random.below(6));
  for (const side of [0, 1, 2, 3, 4, 5]) expect(dice.filter((thrown) => thrown === side).length).toBeGreaterThan(850);
  const heads = Array.from({ length: 1_000 }, () => random.chance(0.25)).filter(Boolean).length;
  expect(heads).toBeGreaterThan(180);
  expect(heads).toBeLessThan(320);
  expect(random.chance(0)).toBe(false);
  expect(random.chance(1)).toBe(true);
});
