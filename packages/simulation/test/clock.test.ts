import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../src/index.js';

test('timers run when due, in order of time, those due together in the order they were made', () => {
  const clock = new SimulatedClock();
  const ran: string[] = [];
  clock.after(20, () => ran.push(`late at ${clock.monotonicMs()}`));
  clock.after(10, () => ran.push(`first at ${clock.monotonicMs()}`));
  clock.after(10, () => ran.push(`second at ${clock.monotonicMs()}`));
  clock.advance(9.5);
  expect(ran).toEqual([]);
  clock.advance(0.5);
  expect(ran).toEqual(['first at 10', 'second at 10']);
  clock.advance(100);
  expect(ran).toEqual(['first at 10', 'second at 10', 'late at 20']);
  expect(clock.monotonicMs()).toBe(110);
});

test('a timer made by a timer runs in the same advance if it falls due in it', () => {
  const clock = new SimulatedClock();
  const ran: number[] = [];
  const tick = (): void => {
    ran.push(clock.monotonicMs());
    clock.after(10, tick);
  };
  clock.after(10, tick);
  clock.advance(35);
  expect(ran).toEqual([10, 20, 30]);
});

test('a callback never runs within `after`, not even with no delay', () => {
  const clock = new SimulatedClock();
  let hasRun = false;
  clock.after(0, () => {
    hasRun = true;
  });
  expect(hasRun).toBe(false);
  clock.advance(0);
  expect(hasRun).toBe(true);
});

test('a cancelled timer does not run, and does not hold up those behind it', () => {
  const clock = new SimulatedClock();
  const ran: string[] = [];
  const cancelled = clock.after(5, () => ran.push('cancelled'));
  clock.after(10, () => ran.push('kept'));
  cancelled.cancel();
  cancelled.cancel();
  expect(clock.nextTimerMs()).toBe(10);
  expect(clock.runNext()).toBe(true);
  expect(clock.runNext()).toBe(false);
  expect(ran).toEqual(['kept']);
});

test('the calendar jumps both ways without moving timers or the monotonic clock', () => {
  const clock = new SimulatedClock({ wallMs: 1_000_000 });
  let hasRun = false;
  clock.after(50, () => {
    hasRun = true;
  });
  clock.setWall(Date.UTC(2090, 0, 1));
  expect(clock.wallMs()).toBe(Date.UTC(2090, 0, 1));
  clock.jumpWall(-1_000);
  clock.advance(49.9);
  expect(clock.wallMs()).toBe(Date.UTC(2090, 0, 1) - 951);
  expect(clock.monotonicMs()).toBe(49.9);
  expect(hasRun).toBe(false);
});

test('delays and times that no clock could keep are refused', () => {
  const clock = new SimulatedClock();
  for (const delay of [-1, 2 ** 31, Number.NaN]) expect(() => clock.after(delay, () => {})).toThrow(RangeError);
  clock.advance(10);
  expect(() => clock.advanceTo(9)).toThrow(RangeError);
  expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
});

test('whatever the delays, timers run sorted by time and then by creation, and cancelled ones not at all', () => {
  const timers = fc.array(fc.record({ delay: fc.integer({ min: 0, max: 30 }), isCancelled: fc.boolean() }));
  fc.assert(
    fc.property(timers, (wanted) => {
      const clock = new SimulatedClock();
      const ran: number[] = [];
      for (const [number, { delay, isCancelled }] of wanted.entries()) {
        const timer = clock.after(delay, () => ran.push(number));
        if (isCancelled) timer.cancel();
      }
      clock.advance(30);
      const expected = [...wanted.entries()].filter(([, { isCancelled }]) => !isCancelled);
      expected.sort(([a, { delay: aDelay }], [b, { delay: bDelay }]) => aDelay - bDelay || a - b);
      expect(ran).toEqual(expected.map(([number]) => number));
    }),
  );
});
