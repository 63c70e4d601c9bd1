import { expect, test } from 'vitest';
import { Suspicion, suspicionTimes } from '../../src/core/suspicion.js';
import { profiles } from '../../src/index.js';

const lan = { ...profiles.lan, isLifeguardOn: true };
const claim = { incarnation: 1, from: 'a' };

test('given a hundred members, then a suspicion lasts α·log n intervals, and six times as long while nobody confirms', () => {
  expect(suspicionTimes(lan, 100)).toEqual({ minMs: 8_000, maxMs: 48_000, confirmationsMax: 2 });
});

test('given three members, then nobody is left to confirm, and nobody is waited for', () => {
  expect(suspicionTimes(lan, 3)).toEqual({ minMs: 4_000, maxMs: 4_000, confirmationsMax: 0 });
});

test('given no Lifeguard, then it lasts α·log n intervals whatever others say', () => {
  expect(suspicionTimes({ ...lan, isLifeguardOn: false }, 100)).toMatchObject({ minMs: 8_000, maxMs: 8_000 });
});

test('given confirmations, then it shrinks with their logarithm, and each member counts once (Lifeguard §IV-B)', () => {
  const suspicion = new Suspicion(claim, { minMs: 1_000, maxMs: 4_000, confirmationsMax: 3 }, 500);
  expect(suspicion.deadlineMs).toBe(4_500);
  expect(suspicion.confirm('a')).toBe(false);
  expect(suspicion.confirm('b')).toBe(true);
  expect(suspicion.confirm('b')).toBe(false);
  expect(suspicion.deadlineMs).toBe(3_000);
  expect([suspicion.confirm('c'), suspicion.confirm('d'), suspicion.confirm('e')]).toEqual([true, true, false]);
  expect(suspicion.deadlineMs).toBe(1_500);
});
