import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const readme = read('README.md');
const example = read('examples/election.ts');

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

it('the README has the example word for word, in at most 25 lines', () => {
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

it('the example prints what the README says', () => {
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/election.ts'];
  const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
  expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
});

it('the picture in the README is small', () => {
  expect(statSync(new URL('../../../docs/timeline.png', import.meta.url)).size).toBeLessThan(200_000);
});
