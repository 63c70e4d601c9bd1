import { SeededRandom } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { ProbeRing } from '../../src/core/probe-ring.js';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const never = (): number => 0;

test('given any seed, then each round has everybody once, and not always in the same order', () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const ring = new ProbeRing(new SeededRandom(seed), 20);
    const round = names.map(() => ring.next(() => names, never)!);
    expect(round.toSorted()).toEqual(names);
    orders.add(round.join(''));
  }
  expect(orders.size).toBeGreaterThan(10);
});

test('given one who has been silent for long, then it is next, but still once in a round', () => {
  const ring = new ProbeRing(new SeededRandom(1), 20);
  const heardMs = (name: string): number => (name === 'd' ? 5 : 100);
  const taken = names.map(() => ring.next(() => names, heardMs)!);
  expect(taken[0]).toBe('d');
  expect(taken.toSorted()).toEqual(names);
});

test('given a newcomer, then it has its turn in the round that is under way', () => {
  const ring = new ProbeRing(new SeededRandom(1), 20);
  ring.next(() => names, never);
  ring.add('new');
  const rest = Array.from({ length: 6 }, () => ring.next(() => names, never));
  expect(rest).toContain('new');
});

test('given nobody to probe, then there is nobody', () => {
  expect(
    new ProbeRing(new SeededRandom(1), 20).next(
      () => names,
      () => undefined,
    ),
  ).toBeUndefined();
});
