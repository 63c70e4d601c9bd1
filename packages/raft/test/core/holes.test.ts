import { expect, test } from 'vitest';
import { Holes } from '../../src/core/holes.js';

test('the lowest hole is known, whichever are found and mended', () => {
  const holes = new Holes([7, 3, 9]);
  expect([holes.first, holes.size, [...holes]]).toEqual([3, 3, [7, 3, 9]]);
  holes.add(2);
  expect(holes.first).toBe(2);
  holes.delete(2);
  holes.delete(3);
  expect([holes.first, holes.has(3), holes.has(7)]).toEqual([7, false, true]);
  holes.delete(9);
  expect(holes.first).toBe(7);
  holes.deleteBetween(0, 7);
  expect([holes.first, holes.size]).toEqual([Number.POSITIVE_INFINITY, 0]);
});

test('holes up to an index, or from one on, are forgotten together', () => {
  const holes = new Holes([1, 2, 3, 4, 5]);
  holes.deleteBetween(0, 2);
  expect([...holes]).toEqual([3, 4, 5]);
  holes.deleteBetween(4, Number.POSITIVE_INFINITY);
  expect([holes.first, ...holes]).toEqual([3, 3]);
});
