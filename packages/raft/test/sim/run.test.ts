import { createHash } from 'node:crypto';
import { seedsFrom } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { commitSeed } from '../../../../scripts/seed.mjs';
import { runSeed } from '../../sim/run.js';
import { leaveTimelineOfSeed } from './leave-timeline.js';

test('given the same seed, two runs leave the same trace, byte for byte', () => {
  const trace = (seed: string): string => {
    const hash = createHash('sha256');
    const { traceHash } = runSeed(seed, { onTrace: (line) => void hash.update(line) });
    expect(traceHash).toBe(hash.digest('hex'));
    return traceHash!;
  };
  expect(trace('0x2a')).toBe(trace('0x2a'));
  expect(trace('0x2a')).not.toBe(trace('0x2b'));
});

test('given seeds of this commit, every invariant holds in each of their runs', { timeout: 120_000 }, ({
  onTestFailed,
}) => {
  let running = '';
  onTestFailed(() => console.error(`its timeline: ${leaveTimelineOfSeed(running)}`));
  for (const seed of seedsFrom(commitSeed(), 30)) {
    running = seed;
    const { violation, vacuous } = runSeed(seed);
    expect({ seed, violation, vacuous }).toEqual({ seed, violation: null, vacuous: null });
  }
});
