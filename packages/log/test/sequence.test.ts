import { expect, it } from 'vitest';
import { origin } from '../src/position.js';
import { positionAfter, sequenceProblem } from '../src/sequence.js';
import { batchOf, stampedAfter } from './world.js';

const previous = { index: 7, term: 3, nextOffset: 20, appendTime: 1000 };

it('given the batch that follows, of the same term and time or later ones, then nothing is wrong', () => {
  for (const change of [{}, { term: 3 }, { term: 9 }, { appendTime: 5000 }]) {
    expect(sequenceProblem(previous, stampedAfter(previous, batchOf('a')), 0)).toBeUndefined();
    expect(sequenceProblem(previous, stampedAfter(previous, batchOf('a'), change), 0)).toBeUndefined();
  }
  expect(sequenceProblem(origin, stampedAfter(origin, batchOf('a')), 0)).toBeUndefined();
});

it.each([
  [{ index: 7 }, /expected index 8, found 7/],
  [{ index: 9 }, /expected index 8, found 9/],
  [{ term: 2 }, /term of at least 3 at index 8, found 2/],
  [{ baseOffset: 19 }, /base offset 20 at index 8, found 19/],
  [{ baseOffset: 21 }, /base offset 20 at index 8, found 21/],
  [{ appendTime: 999 }, /append time of at least 1000 at index 8, found 999/],
])('given a stamp of %o, then the problem says what was expected and what was found', (change, problem) => {
  expect(sequenceProblem(previous, stampedAfter(previous, batchOf('a'), change), 0)).toMatch(problem);
});

it('given a batch anywhere in a buffer, then the point behind it is known from its header', () => {
  const batch = stampedAfter(previous, batchOf('a', 'b', 'c'), { term: 4, appendTime: 2000 });
  expect(positionAfter(Buffer.concat([Buffer.alloc(5), batch]), 5)).toEqual({
    index: 8,
    term: 4,
    nextOffset: 23,
    appendTime: 2000,
  });
});
