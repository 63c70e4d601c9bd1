import { expect, test } from 'vitest';
import { timeOf, View } from '../../src/model/view.js';

const view = new View(1000, 2000, 100, 500);

test('a time has its place, and a place its time', () => {
  expect([view.x(1000), view.x(2000), view.x(1500)]).toEqual([100, 600, 350]);
  expect(view.ms(view.x(1234))).toBeCloseTo(1234);
});

test('zooming leaves what one points at where it is', () => {
  const closer = view.zoom(0.1, 1200);
  expect(closer.x(1200)).toBeCloseTo(view.x(1200));
  expect(closer.spanMs).toBeCloseTo(100);
});

test('nobody zooms so close that numbers have no more digits, nor so far that there is nothing to see', () => {
  expect(view.zoom(1e-12, 1500).spanMs).toBeCloseTo(View.spanMsMin);
  const far = view.zoom(1e6, 1500).within(1000, 2000);
  expect(far.spanMs).toBeCloseTo(1100);
});

test('nobody gets lost beside the trace', () => {
  const past = view.pan(-1e9).within(1000, 2000);
  expect(past.toMs).toBeGreaterThanOrEqual(1000);
  const future = view.pan(1e9).within(1000, 2000);
  expect(future.fromMs).toBeLessThanOrEqual(2000);
});

test('what is shown already does not move, and what is not comes into sight', () => {
  expect(view.showing(1500)).toBe(view);
  const shown = view.showing(5000);
  expect([shown.fromMs < 5000, shown.toMs > 5000, shown.spanMs]).toEqual([true, true, 1000]);
});

test('ticks are round, and have room for their labels', () => {
  const { stepMs, atMs } = view.ticks(100);
  expect([stepMs, atMs]).toEqual([200, [1000, 1200, 1400, 1600, 1800, 2000]]);
});

test.each([
  [667.2542, undefined, '667.254 ms'],
  [12_345.6, undefined, '12\u202f345.600 ms'],
  [1500, 100, '1.5 s'],
  [61_000, 1000, '61 s'],
  [3.5, 0.5, '3.5 ms'],
])('%d ms is told as exactly as asked', (ms, stepMs, told) => {
  expect(timeOf(ms, stepMs)).toBe(told);
});
