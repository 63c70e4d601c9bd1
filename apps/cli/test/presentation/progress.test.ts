import type { Clock } from '@commitlog/runtime';
import { expect, it } from 'vitest';
import { Progress } from '../../src/presentation/progress.js';
import { outputInto } from '../command-line.js';

function clockAt(read: () => number): Clock {
  return { monotonicMs: read, wallMs: read, after: () => ({ cancel: () => {} }) };
}

it('a person sees how far it is, at most every 100 ms, and an empty line afterwards', () => {
  const shown: Buffer[] = [];
  let nowMs = 0;
  const progress = new Progress(
    outputInto(shown, { isTerminal: true }),
    clockAt(() => nowMs),
  );
  for (const [atMs, percent] of [
    [0, 25],
    [99, 50],
    [100, 75],
  ] as const) {
    nowMs = atMs;
    progress.show(() => `verifying: ${percent} %`);
  }
  progress.end();
  expect(Buffer.concat(shown).toString().split('\r\u001b[K')).toEqual(['', 'verifying: 25 %', 'verifying: 75 %', '']);
});

it('a pipe gets nothing', () => {
  const shown: Buffer[] = [];
  const progress = new Progress(
    outputInto(shown),
    clockAt(() => 0),
  );
  progress.show(() => 'verifying');
  progress.end();
  expect(shown).toEqual([]);
});
