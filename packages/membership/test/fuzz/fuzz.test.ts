import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const cwd = fileURLToPath(new URL('../..', import.meta.url));

function fuzz(...flags: string[]): { status: number | null; last: string; errors: string } {
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'test/fuzz/main.ts', ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  return { status, last: stdout.trimEnd().split('\n').at(-1)!, errors: stderr };
}

test('given some thousand packets and exchanges, then none is a failure, and each way of taking them happens', () => {
  const { status, last, errors } = fuzz('--cases', '4000', '--json');
  expect({ status, errors }).toEqual({ status: 0, errors: '' });
  const report = JSON.parse(last) as Record<string, number>;
  expect(report).toMatchObject({ cases: 4_000, failures: 0 });
  expect(report.letIn).toBeGreaterThan(500);
  expect(report.refused).toBeGreaterThan(500);
  expect(report.answered).toBeGreaterThan(0);
});

test('given a flag that it does not know, then it says so and exits with 2', () => {
  expect(fuzz('--cases', 'many')).toMatchObject({ status: 2, errors: expect.stringContaining('--cases must be') });
});
