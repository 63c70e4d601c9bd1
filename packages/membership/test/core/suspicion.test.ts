import { expect, test } from 'vitest';
import { Suspicion, suspicionTimes } from '../../src/core/suspicion.js';
import { profiles } from '../../src/index.js';

const lan = { ...profiles.lan, isLifeguardOn: true };
const claim = { incarnation: 1, from: 'a' };

test('given a hundred members, then a suspicion lasts α·log n intervals, and six times as long while nobody confirms', () => {
  expect(suspicionTimes(lan, 100)).toMatchObject({ minMs: 8_000, maxMs: 48_000, confirmationsMax: 2 });
});

test('given three members, then nobody is left to confirm, and nobody is waited for', () => {
  expect(suspicionTimes(lan, 3)).toMatchObject({ minMs: 4_000, maxMs: 4_000, confirmationsMax: 0 });
});

test('given no Lifeguard, then it lasts α·log n intervals whatever others say', () => {
  expect(suspicionTimes({ ...lan, isLifeguardOn: false }, 100)).toMatchObject({ minMs: 8_000, maxMs: 8_000 });
});

test('given confirmations, then it shrinks with their logarithm, and each member counts once (Lifeguard §IV-B)', () => {
  const suspicion = new Suspicion(claim, { minMs: 1_000, maxMs: 4_000, confirmationsMax: 3, lastCallMs: 100 }, 500);
  expect(suspicion.deadlineMs).toBe(4_500);
  expect(suspicion.confirm('a')).toBe(false);
  expect(suspicion.confirm('b')).toBe(true);
  expect(suspicion.confirm('b')).toBe(false);
  expect(suspicion.deadlineMs).toBe(3_000);
  expect([suspicion.confirm('c'), suspicion.confirm('d'), suspicion.confirm('e')]).toEqual([true, true, false]);
  expect(suspicion.deadlineMs).toBe(1_500);
});

test('given nothing said, then the last call is made in time, and what contradicts a suspicion calls for another', () => {
  const suspicion = new Suspicion(claim, { minMs: 1_000, maxMs: 1_000, confirmationsMax: 0, lastCallMs: 300 }, 0);
  expect(suspicion).toMatchObject({ dueMs: 700, deadlineMs: 1_000 });
  suspicion.callLast(800);
  expect(suspicion).toMatchObject({ dueMs: 1_100, deadlineMs: 1_100 });
  suspicion.contradict(900);
  expect(suspicion).toMatchObject({ dueMs: 1_600, deadlineMs: 1_900 });
});
