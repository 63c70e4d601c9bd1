import { expect, test } from 'vitest';
import { nodeClock } from '../../src/node/index.js';

test('the monotonic clock never goes back', () => {
  const readings = Array.from({ length: 100_000 }, () => nodeClock.monotonicMs());
  expect(readings.every((reading, at) => at === 0 || reading >= readings[at - 1]!)).toBe(true);
});

test('the wall clock says whole milliseconds since 1970', () => {
  expect(Number.isInteger(nodeClock.wallMs())).toBe(true);
  expect(nodeClock.wallMs()).toBeGreaterThan(Date.UTC(2025, 0, 1));
});

test('a timer calls back after this turn, even with no delay', async () => {
  let hasReturned = false;
  await new Promise<void>((done, fail) => {
    nodeClock.after(0, () => (hasReturned ? done() : fail(new Error('called back before `after` returned'))));
    hasReturned = true;
  });
});

test('a timer is never early, not even by the fraction of a millisecond that Node rounds away', async () => {
  const lateness = Array.from({ length: 40 }, async (_, at) => {
    const delayMs = 5 + at * 0.7;
    const startMs = nodeClock.monotonicMs();
    await new Promise<void>((done) => nodeClock.after(delayMs, done));
    return nodeClock.monotonicMs() - startMs - delayMs;
  });
  expect(Math.min(...(await Promise.all(lateness)))).toBeGreaterThanOrEqual(0);
});

test('a cancelled timer does not call back', async () => {
  const called: string[] = [];
  const cancelled = nodeClock.after(1, () => called.push('cancelled'));
  cancelled.cancel();
  cancelled.cancel();
  await new Promise<void>((done) => nodeClock.after(20, done));
  expect(called).toEqual([]);
});

test('delays that `setTimeout` would turn into 1 ms are refused', () => {
  for (const delayMs of [-1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN]) {
    expect(() => nodeClock.after(delayMs, () => {})).toThrow(RangeError);
  }
  let hasRun = false;
  nodeClock
    .after(2 ** 31 - 1, () => {
      hasRun = true;
    })
    .cancel();
  expect(hasRun).toBe(false);
});
