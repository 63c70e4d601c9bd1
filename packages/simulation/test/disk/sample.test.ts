import { describe, expect, test } from 'vitest';
import { properSubsets, sample } from '../../src/disk/sample.js';
import { SeededRandom } from '../../src/index.js';

const random = (): SeededRandom => new SeededRandom('sample');

describe('a sample', () => {
  test('is everything where that is little, and otherwise as many as asked for, in order', () => {
    const items = Array.from({ length: 100 }, (_, at) => at);
    expect(sample(items, 100, random())).toEqual(items);
    const chosen = sample(items, 10, random());
    expect(chosen.length).toBe(10);
    expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
    expect(sample(items, 0, random())).toEqual([]);
  });
});

describe('the proper subsets', () => {
  test('of up to six things are all there, the whole excepted', () => {
    for (let size = 0; size <= 6; size++) {
      const subsets = properSubsets(size, 64, random());
      expect(new Set(subsets.map(String)).size).toBe(2 ** size - 1);
      expect(subsets.every((subset) => subset.length === size && subset.includes(false))).toBe(true);
    }
  });

  test('of many things are distinct, as many as asked for, with none, one and all but one among them', () => {
    const subsets = properSubsets(40, 64, random());
    expect(subsets.length).toBe(64);
    expect(new Set(subsets.map(String)).size).toBe(64);
    const sizes = subsets.map((subset) => subset.filter(Boolean).length);
    expect(sizes).toEqual(expect.arrayContaining([0, 1, 39]));
    expect(sizes).not.toContain(40);
  });

  test('never number more than asked for', () => {
    expect(properSubsets(6, 10, random()).length).toBe(10);
    expect(properSubsets(7, 1, random()).length).toBe(1);
  });
});
