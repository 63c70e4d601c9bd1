import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');

test('the README has the example word for word, in at most 25 lines', () => {
  const example = read('examples/who-may.ts');
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test('the README has what the example prints', () => {
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/who-may.ts'];
  const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
  expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
});

test('the page about security names files that exist', () => {
  const page = read('../../docs/security.md');
  const named = [...page.matchAll(/`(packages\/[\w./-]+)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(8);
  for (const path of named)
    expect([path, existsSync(new URL(`../../../${path}`, import.meta.url))]).toEqual([path, true]);
});
