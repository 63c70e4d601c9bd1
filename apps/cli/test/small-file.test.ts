import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '@commitlog/runtime';
import { nodeFiles } from '@commitlog/runtime/node';
import { expect, it } from 'vitest';
import { readText } from '../src/small-file.js';
import { scratch } from './command-line.js';

it('given a file to which somebody adds while it is read, then what it had is read', async () => {
  const { dir } = await scratch();
  const path = join(dir, 'n1.log');
  await writeFile(path, '');
  const files: Pick<Files, 'open'> = {
    open: async (...args) => {
      const file = await nodeFiles.open(...args);
      const size = file.size.bind(file);
      let isFirst = true;
      file.size = async () => {
        const before = await size();
        if (isFirst) await appendFile(path, 'a line\n');
        isFirst = false;
        return before;
      };
      return file;
    },
  };
  expect(await readText(path, { bytesMax: 100 }, { files: files as Files })).toBe('');
  expect(await readText(path, { bytesMax: 100 }, { files: files as Files })).toBe('a line\n');
});
