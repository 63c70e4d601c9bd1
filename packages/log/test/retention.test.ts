import { retentionStart, type SealedSegment } from '@commitlog/log';
import { expect, it } from 'vitest';
import { appendBig, World } from './world.js';

/** Segments of ten batches and 1,000 bytes each; the last batch of segment n was appended at n seconds. */
function segments(count: number): SealedSegment[] {
  const point = (number: number) => ({
    index: number * 10,
    term: 1,
    nextOffset: number * 10,
    appendTime: number * 1000,
  });
  return Array.from({ length: count }, (_, at) => ({ id: at + 1, base: point(at), end: point(at + 1), bytes: 1000 }));
}

it('given no policy, then nothing is dropped', () => {
  expect(retentionStart(segments(5), {}, 1e9)).toBe(1);
});

it.each([
  { nowMs: 0, ageMsMax: 0, first: 1 },
  { nowMs: 2000, ageMsMax: 0, first: 11 },
  { nowMs: 2999, ageMsMax: 1000, first: 11 },
  { nowMs: 3000, ageMsMax: 1000, first: 11 },
  { nowMs: 3001, ageMsMax: 1000, first: 21 },
  { nowMs: 1e12, ageMsMax: 0, first: 41 },
])('given an age of $ageMsMax ms at $nowMs ms, then what is older goes, and the log starts at $first', (given) => {
  expect(retentionStart(segments(5), { ageMsMax: given.ageMsMax }, given.nowMs)).toBe(given.first);
});

it.each([
  { bytesMax: 5000, first: 1 },
  { bytesMax: 4999, first: 11 },
  { bytesMax: 2000, first: 31 },
  { bytesMax: 1999, first: 41 },
  { bytesMax: 0, first: 41 },
])('given room for $bytesMax bytes, then the log starts at $first', ({ bytesMax, first }) => {
  expect(retentionStart(segments(5), { bytesMax }, 0)).toBe(first);
});

it('given both an age and a size, then a segment goes when either says so', () => {
  expect(retentionStart(segments(5), { ageMsMax: 1000, bytesMax: 5000 }, 3001)).toBe(21);
  expect(retentionStart(segments(5), { ageMsMax: 1000, bytesMax: 2000 }, 3001)).toBe(31);
});

it('given one segment, then it stays', () => {
  expect(retentionStart(segments(1), { ageMsMax: 0, bytesMax: 0 }, 1e12)).toBe(1);
});

// Every comparison with NaN is false, and the policy said: drop everything.
it.each([
  [{ ageMsMax: Number.NaN }, 0],
  [{ ageMsMax: -1 }, 0],
  [{ ageMsMax: '7d' as never }, 0],
  [{ bytesMax: Number.NaN }, 0],
  [{ bytesMax: -5 }, 0],
  [{ bytesMax: '1 GiB' as never }, 0],
  [{ ageMsMax: 1000 }, undefined as never],
])('given the retention policy %j at %s, then it is refused', async (policy, nowMs) => {
  const log = await new World().open();
  await appendBig(log, 1, 9);
  expect(() => retentionStart(log.segments, policy, nowMs)).toThrow(expect.objectContaining({ code: 'settings' }));
});
