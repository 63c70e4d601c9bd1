import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');

describe('the README at the top', () => {
  it("has the client's example word for word, and what it prints, which the client's own tests try", () => {
    expect(readme).toContain(`\`\`\`ts\n${read('apps/client/examples/journey.ts')}\`\`\``);
    const [, printed] = /-s --filter @commitlog\/client example\n```\n\n(```\n.*?```)/s.exec(
      read('apps/client/README.md'),
    )!;
    expect(readme).toContain(printed!);
  });

  it('has the commands for a cluster of three word for word, of which there are eight at most', () => {
    const commands = read('apps/cli/examples/three-nodes.sh');
    expect(readme).toContain(`\`\`\`sh\n${commands}\`\`\``);
    expect(commands.trimEnd().split('\n').length).toBeLessThanOrEqual(8);
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
