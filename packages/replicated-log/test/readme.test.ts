import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');
const example = read('examples/three-members.ts');

describe('the README', () => {
  it('has the example word for word, in at most 25 lines', () => {
    expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  });

  it('has what the example prints', () => {
    const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/three-members.ts'];
    const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
    expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
  });
});

describe('the page about the replicated log', () => {
  it('names tests that exist', () => {
    const page = read('../../docs/replicated-log.md');
    const named = [...page.matchAll(/`(packages\/[\w./-]+)`/g)].map(([, path]) => path!);
    expect(named.length).toBeGreaterThan(4);
    for (const path of named) {
      expect([path, existsSync(new URL(`../../../${path}`, import.meta.url))]).toEqual([path, true]);
    }
  });
});
