import { expect, test } from 'vitest';
import { type SeedResult, Summary } from '../../src/swarm/index.js';

const run: SeedResult = {
  seed: '0x1',
  violation: null,
  vacuous: null,
  simulatedMs: 5,
  sometimes: { rare: 0, often: 2 },
};
const broken = { ...run, violation: { invariant: 'i', what: 'w', atMs: 1 }, vacuous: 'nothing either' };

class Plain extends Summary<SeedResult> {
  report(): object {
    return {};
  }
}

test('given runs, then they are added up, and what violates something is not vacuous besides', () => {
  const summary = new Plain(10);
  for (const result of [run, broken, { ...run, vacuous: 'nothing' }]) summary.add(result);
  const { seeds, violations, vacuous, simulatedMs, sometimes } = summary;
  expect({ seeds, violations, vacuous, simulatedMs, sometimes }).toEqual({
    seeds: 3,
    violations: 1,
    vacuous: 1,
    simulatedMs: 15,
    sometimes: { rare: 0, often: 6 },
  });
});

test.each([
  ['a violation', broken],
  ['a run that proves nothing', { ...run, vacuous: 'nothing' }],
])('given %s, then it is not good', (_what, result) => {
  const summary = new Plain(10);
  summary.add(run);
  expect(summary.isGood).toBe(true);
  summary.add(result);
  expect(summary.isGood).toBe(false);
});

test('given so many seeds that a rare state should have been reached, then it is named if it was not', () => {
  const summary = new Plain(2);
  summary.add(run);
  expect(summary.complaints).toEqual([]);
  summary.add(run);
  expect({ complaints: summary.complaints, isGood: summary.isGood }).toEqual({
    complaints: ['never reached: rare'],
    isGood: false,
  });
});
