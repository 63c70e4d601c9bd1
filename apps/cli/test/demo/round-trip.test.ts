import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '@commitlog/runtime';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { expect, it } from 'vitest';
import { roundTrip } from '../../src/demo/round-trip.js';
import { scratch } from '../command-line.js';

/** Files of which one answers a read differently from the second time on. */
function changing(path: string, changed: string): Files {
  let reads = 0;
  return {
    ...nodeFiles,
    open: async (opened, mode) => {
      const file = await nodeFiles.open(opened, mode);
      if (opened !== path) return file;
      return {
        size: () => file.size(),
        permissions: () => file.permissions(),
        write: () => {},
        resize: () => file.resize(0),
        sync: () => file.sync(),
        close: () => file.close(),
        read: async (into, position) => {
          reads += 1;
          return reads === 1 ? await file.read(into, position) : Buffer.from(changed).copy(into, 0, position);
        },
      };
    },
  };
}

it('a file that grows meanwhile is compared as far as it was appended', async () => {
  const { dir } = await scratch();
  const file = join(dir, 'text');
  await writeFile(file, 'one\ntwo\n');
  const files = changing(file, 'one\ntwo\nthree\n');
  const { isIdentical, records } = await roundTrip({ file, dir: join(dir, 'log') }, { files, clock: nodeClock });
  expect({ isIdentical, records }).toEqual({ isIdentical: true, records: 2 });
});

it('a file that changes meanwhile is not blamed on the log', async () => {
  const { dir } = await scratch();
  const file = join(dir, 'text');
  await writeFile(file, 'one\ntwo\n');
  const files = changing(file, 'one\nTWO\n');
  await expect(roundTrip({ file, dir: join(dir, 'log') }, { files, clock: nodeClock })).rejects.toMatchObject({
    code: 'file-changed',
    message: expect.stringContaining('changed while it was read') as string,
  });
});

it('appends share syncs: far fewer groups than lines, one sync a group where no segment is full', async () => {
  const { dir } = await scratch();
  const file = join(dir, 'text');
  await writeFile(file, 'x\n'.repeat(40));
  const trip = await roundTrip({ file, dir: join(dir, 'log') }, { files: nodeFiles, clock: nodeClock });
  expect(trip).toMatchObject({ records: 40, groups: 1, syncs: 1, segments: 1 });
});
