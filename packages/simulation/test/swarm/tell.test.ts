import { expect, test } from 'vitest';
import { type SeedResult, tellProgress, tellSeed } from '../../src/swarm/index.js';

const run: SeedResult = { seed: '0x1', violation: null, vacuous: 'nothing happened', simulatedMs: 5, sometimes: {} };

test('given what was wrong with a run, then the invariant is named once, with the time and the way to see it again', () => {
  const told = (what: string): string =>
    tellSeed({ ...run, violation: { invariant: 'order', what, atMs: 1234.56 } }, '3 coins', 'again');
  expect(told('order: a after b')).toBe('seed 0x1, 3 coins at 1234.6 ms: order: a after b\n  replay: again');
  expect(told('a after b')).toBe(told('order: a after b'));
  expect(tellSeed(run, '0 coins', 'again')).toBe('seed 0x1, 0 coins: vacuous: nothing happened\n  replay: again');
});

test('given progress, then the line ends with the last of it', () => {
  expect(tellProgress(1, 4, 0)).toBe(`\r${'█'.repeat(10)}${'░'.repeat(30)} 1/4, 0 violations`);
  expect(tellProgress(4, 4, 2)).toBe(`\r${'█'.repeat(40)} 4/4, 2 violations\n`);
});
