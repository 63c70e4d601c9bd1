import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleWorker, type Patch } from '../../src/mutants/index.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  writeFileSync(join(folder, 'main.ts'), "export { answer } from './core.js';\n");
  writeFileSync(join(folder, 'core.ts'), 'export const answer: number = 42;\nexport const other = 1 + 1 + 1;\n');
});

afterEach(() => rmSync(folder, { recursive: true }));

async function answerWith(...patches: Patch[]): Promise<unknown> {
  const outfile = join(folder, 'out.mjs');
  const init = { entry: join(folder, 'main.ts'), outfile, sources: `${folder}/`, patches };
  await bundleWorker(init, { read: (path) => readFileSync(path, 'utf8') });
  const { answer } = (await import(pathToFileURL(outfile).href)) as { answer: unknown };
  return answer;
}

test('given a patch, then the bundle has it, and the source does not', async () => {
  expect(await answerWith({ file: 'core.ts', find: '42', replace: "'$&'.length as unknown as number" })).toBe(2);
  expect(readFileSync(join(folder, 'core.ts'), 'utf8')).toContain('42');
});

test.each([
  ['that matches twice', { file: 'core.ts', find: '1 +', replace: '' }, /core.ts must match exactly once: 1 \+/],
  ['that matches nothing', { file: 'core.ts', find: 'nothing', replace: '' }, /must match exactly once: nothing/],
  [
    'of a file that is not there',
    { file: 'absent.ts', find: 'x', replace: '' },
    /absent.ts, which the worker does not/,
  ],
])('given a patch %s, then it is refused', async (_what, patch, message) => {
  await expect(answerWith(patch)).rejects.toThrow(message);
});
