import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

test('the README shows the example as it is, and what comes out of it', async () => {
  const readme = await readFile(`${root}/README.md`, 'utf8');
  const example = await readFile(`${root}/examples/power-cut.ts`, 'utf8');
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/power-cut.ts'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\`\n\n\`\`\`\n${stdout}\`\`\`\n`);
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});
