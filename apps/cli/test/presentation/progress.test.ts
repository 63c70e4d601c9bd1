import type { Clock } from '@commitlog/runtime';
import { expect, it } from 'vitest';
import { Progress } from '../../src/presentation/progress.js';

function clockAt(read: () => number): Clock {
  return { monotonicMs: read, wallMs: read, after: () => ({ cancel: () => {} }) };
}

it('a person sees how far it is, at most every 100 ms, and an empty line afterwards', () => {
  const shown: string[] = [];
  let nowMs = 0;
  const progress = new Progress(
    { isTerminal: true, write: (text) => void shown.push(text) },
    clockAt(() => nowMs),
    'verifying',
  );
  for (const [atMs, bytes] of [
    [0, 1e6],
    [99, 2e6],
    [100, 3e6],
  ] as const) {
    nowMs = atMs;
    progress.show(bytes, 4e6);
  }
  progress.end();
  expect(shown.join('').split('\r\u001b[K')).toEqual([
    '',
    'verifying: 1.0 MB of 4.0 MB, 25 %',
    'verifying: 3.0 MB of 4.0 MB, 75 %',
    '',
  ]);
});

it('a pipe gets nothing', () => {
  const shown: string[] = [];
  const progress = new Progress(
    { isTerminal: false, write: (text) => void shown.push(text) },
    clockAt(() => 0),
    'verifying',
  );
  progress.show(1, 2);
  progress.end();
  expect(shown).toEqual([]);
});
