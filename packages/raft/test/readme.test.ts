import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const example = fileURLToPath(new URL('../examples/counter.ts', import.meta.url));

test('the example in the README is the file that runs, in 25 lines at most', () => {
  const source = readFileSync(example, 'utf8');
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(source.trimEnd());
  expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test('the example counts on all three members', () => {
  const flags = ['--conditions=@commitlog/source', '--import', 'tsx'];
  expect(execFileSync(process.execPath, [...flags, example], { encoding: 'utf8' })).toBe('committed\n1,1,1\n');
});
