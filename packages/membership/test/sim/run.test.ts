import { seedsFrom } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { commitSeed } from '../../../../scripts/seed.mjs';
import { stalledOfThree } from '../../sim/drills/stalled.js';
import { falsePositives } from '../../sim/false-positives.js';
import { drawPlan } from '../../sim/plan.js';
import { runSeed } from '../../sim/run.js';

test('given the same seed, then two runs are the same, event by event', () => {
  expect(runSeed('0x2a')).toEqual(runSeed('0x2a'));
  expect(runSeed('0x2a').events).not.toBe(runSeed('0x2b').events);
});

test('given seeds of this commit, then every invariant holds in each of their runs', { timeout: 120_000 }, () => {
  const small = seedsFrom(commitSeed(), 60).filter((seed) => drawPlan(seed).cluster.nodes <= 20);
  for (const seed of small.slice(0, 8)) {
    const { violation, vacuous } = runSeed(seed);
    expect({ seed, violation, vacuous }).toEqual({ seed, violation: null, vacuous: null });
  }
});

test('given three members in one data centre, one of which stands still for 3 s, then nobody is given up', () => {
  for (const seed of seedsFrom(commitSeed(), 30)) stalledOfThree(seed);
});

test('given a thousand seeds, then some are of more than 100 members, and none of more than 200', () => {
  const sizes = seedsFrom(commitSeed(), 1_000).map((seed) => drawPlan(seed).cluster.nodes);
  expect(sizes.filter((nodes) => nodes > 100).length).toBeGreaterThanOrEqual(20);
  expect(Math.min(...sizes)).toBe(3);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
});

test('given ten slow members among a hundred, then Lifeguard spares the healthy ones', { timeout: 120_000 }, () => {
  // The simulation by seeds does the whole experiment, of two minutes.
  const slowMs = 40_000;
  const plain = falsePositives({ seed: 'test', isLifeguardOn: false, slowMs });
  const lifeguard = falsePositives({ seed: 'test', isLifeguardOn: true, slowMs });
  expect(plain).toBeGreaterThan(500);
  expect(lifeguard * 50).toBeLessThanOrEqual(plain);
});
