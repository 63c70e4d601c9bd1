import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const example = 'packages/log/examples/append-and-read.ts';

describe('the README at the top', () => {
  it('has the example of the log word for word, in at most 20 lines, and what it prints', () => {
    expect(readme).toContain(`\`\`\`ts\n${read(example)}\`\`\``);
    expect(read(example).trimEnd().split('\n').length).toBeLessThanOrEqual(20);
    const args = ['--conditions=@commitlog/source', '--import', 'tsx', join(root, example)];
    const printed = execFileSync(process.execPath, args, { cwd: join(root, 'packages/log'), encoding: 'utf8' });
    expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
  });
});

describe.each([
  'README.md',
  'docs/README.md',
  'docs/log-format.md',
  'docs/operations.md',
  'apps/cli/README.md',
  'packages/log/README.md',
])('%s', (page) => {
  it('links to what exists', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect([link, existsSync(join(root, dirname(page), link))]).toEqual([link, true]);
  });

  it('names scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, name] of read(page).matchAll(/npm run (?:-s )?([\w:-]+)/g)) expect(scripts).toHaveProperty([name!]);
  });
});
