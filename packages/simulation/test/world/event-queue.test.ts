import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from '../../src/index.js';

test('given events at any times, they run in order of time, and those of one moment in the order they were scheduled', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (delays) => {
      const events = new EventQueue();
      const ran: { atMs: number; order: number }[] = [];
      delays.forEach((delayMs, order) => {
        events.after(delayMs, () => void ran.push({ atMs: events.nowMs, order }));
      });
      events.runUntil(100);
      const expected = delays
        .map((atMs, order) => ({ atMs, order }))
        .sort((one, other) => one.atMs - other.atMs || one.order - other.order);
      expect(ran).toEqual(expected);
      expect(events.ran).toBe(delays.length);
      expect(events.nowMs).toBe(100);
    }),
  );
});

test('given an event that schedules another, the other runs too when it falls due', () => {
  const events = new EventQueue();
  const ran: number[] = [];
  events.after(5, () => events.after(5, () => void ran.push(events.nowMs)));
  expect(events.runUntilDone(9, () => ran.length > 0)).toBe(false);
  expect(events.runUntilDone(20, () => ran.length > 0)).toBe(true);
  expect(ran).toEqual([10]);
});

test('an event cannot be scheduled in the past', () => {
  expect(() => new EventQueue().after(-1, () => {})).toThrow(RangeError);
});
