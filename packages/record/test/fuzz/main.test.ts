import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const packageDirectory = fileURLToPath(new URL('../..', import.meta.url));

function run(program: string, ...flags: string[]): { status: number | null; lines: string[]; errors: string } {
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', program, ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n'), errors: stderr };
}

describe('the fuzzer', () => {
  it('given some thousand mutated batches, then none is a failure, and some are accepted', () => {
    const { status, lines, errors } = run('test/fuzz/main.ts', '--cases', '3000', '--json');
    const report = JSON.parse(lines.at(-1)!) as Record<string, number>;
    expect({ status, errors }).toEqual({ status: 0, errors: '' });
    expect(report).toMatchObject({ cases: 3000, failures: 0 });
    expect(report.accepted! + report.refused!).toBe(3000);
    expect(report.accepted).toBeGreaterThan(300);
  });

  it('given the same seed, then the same comes out', () => {
    const first = run('test/fuzz/main.ts', '--cases', '500', '--seed', '7', '--json');
    expect(run('test/fuzz/main.ts', '--cases', '500', '--seed', '7', '--json')).toEqual(first);
  });

  it.each([
    [['--cases', 'many'], '--cases must be an integer from 1 to 2147483647, got "many"'],
    [['--seed', '-1'], '--seed'],
    [['--sede', '1'], '--sede'],
  ])('given %o, then it says what is wrong and exits with 2', (flags, message) => {
    const { status, errors } = run('test/fuzz/main.ts', ...flags);
    expect(status).toBe(2);
    expect(errors).toContain(message);
  });
});
