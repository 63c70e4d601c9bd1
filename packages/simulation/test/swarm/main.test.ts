import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('./toy/main.ts', import.meta.url));

/** What the command prints, and how it exits. */
function toy(...args: string[]): { status: number | null; last: string; stderr: string } {
  const flags = ['--conditions=@commitlog/source', '--import', 'tsx', main, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  return { status, last: stdout.trimEnd().split('\n').at(-1)!, stderr };
}

test('given seeds, then the last line is the report, a pipe sees no progress, and all is well', () => {
  const { status, last, stderr } = toy('--seeds', '7', '--cores', '2', '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(last)).toEqual({ seeds: 7, violations: 0, cores: 2 });
});

test('given one seed that violates an invariant, then it says how to see it again, and exits with 1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'toy-'));
  const trace = join(folder, 'trace.ndjson');
  const { status, last } = toy('--seed', '0xd', '--trace', trace);
  expect({ status, trace: readFileSync(trace, 'utf8') }).toEqual({ status: 1, trace: '{"coins":13}\n' });
  expect(last).toBe('  replay: pnpm sim toy --seed 0xd --trace trace.ndjson');
  rmSync(folder, { recursive: true });
  expect(toy('--seed', '0xe', '--mutant', 'harmless').last).toMatch(/replay: .* --seed 0xe --mutant harmless /);
});

test('given a run that proves nothing, then it exits with 1', () => {
  const { status, last } = toy('--seed', '0x0', '--json');
  expect({ status, vacuous: JSON.parse(last).vacuous }).toEqual({ status: 1, vacuous: 'no coin was tossed' });
});

test('given planted bugs, then they are hunted, and it exits with 1 where one survives', () => {
  const all = toy('mutants', '--json');
  const caught = { name: 'always-wrong', caught: true, seeds: 1, by: 'coins fall' };
  const survived = { name: 'harmless', caught: false, seeds: 5, by: null };
  expect(JSON.parse(all.last)).toEqual({ mutants: [caught, survived] });
  expect({ status: all.status, stderr: all.stderr }).toEqual({
    status: 1,
    stderr: expect.stringContaining('SURVIVED 5'),
  });
  expect(toy('mutants', '--only', 'always').last).toBe('1 of 1 planted bugs caught');
});

test('given something else that may be asked for, then that is done; given a wrong flag, then it exits with 2', () => {
  expect([toy('rules').status, toy('rules', '--json').status]).toEqual([1, 0]);
  for (const wrong of [['--seeds', '0'], ['nothing'], ['--mutant', 'none'], ['--wrong']]) {
    const { status, stderr } = toy(...wrong);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/\nusage: toy\n$/) });
  }
  expect(toy('--help')).toEqual({ status: 0, last: 'usage: toy', stderr: '' });
});
