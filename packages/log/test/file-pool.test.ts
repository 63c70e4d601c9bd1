import { SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { LogDirectory } from '../src/directory.js';
import { FilePool } from '../src/file-pool.js';
import { appendBig, readAround, refused, valuesOf, World, words } from './world.js';

/** How many files are open at most at the same time, segments' files for reading. */
function watchOpenFiles(world: World): () => number {
  let [open, most] = [0, 0];
  world.disk.onOperation = ({ method, path }) => {
    if (!path.endsWith('.log')) return;
    if (method === 'open') open += 1;
    if (method === 'close') open -= 1;
    most = Math.max(most, open);
  };
  return () => most;
}

/** A directory with the file `a`, and how often that was closed since. */
async function oneFile(): Promise<{ directory: LogDirectory; closed: () => number }> {
  const disk = new SimulatedDisk();
  const directory = new LogDirectory('/log', disk.files);
  await disk.files.makeDirectory('/log');
  await (await directory.createWith('a', Buffer.from('x'))).close();
  let closed = 0;
  disk.onOperation = ({ method }) => {
    if (method === 'close') closed += 1;
  };
  return { directory, closed: () => closed };
}

it('given a limit of open files, when many segments are read one after the other, then it is kept', async () => {
  const world = new World();
  const log = await world.open({ openFilesMax: 2 });
  await appendBig(log, 1, 30);
  const most = watchOpenFiles(world);
  expect(await valuesOf(log)).toEqual(words(1, 30));
  // Two that nobody reads, the one being read, and the one read ahead.
  expect(most()).toBeLessThanOrEqual(4);
});

it('given no file descriptors, when a segment is read, then the reader is told, and the next one reads', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  world.disk.inject({ method: 'open', path: /-1\.log$/, code: 'EMFILE' });
  const error = await refused(log.read({ from: 'start' }), 'too-many-files');
  expect(error.message).toMatch(/ulimit/);
  expect(log.damage).toEqual([]);
  expect(await valuesOf(log)).toEqual(words(1, 9));
});

it('given a segment is trimmed while its file is open, then the file is closed, and its space given back', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 12);
  await valuesOf(log);
  const before = world.disk.usedBytes;
  await log.trimBefore(10);
  expect(before - world.disk.usedBytes).toBeGreaterThan(9000);
  expect((await readAround(log)).values).toEqual(words(10, 12));
});

it('given a file that is open, when it is used, then the disk is asked at once, before the caller goes on to compute', async () => {
  const { directory } = await oneFile();
  const pool = new FilePool(directory, 1);
  await pool.use('a', () => Promise.resolve());
  let isAsked = false;
  const used = pool.use('a', () => {
    isAsked = true;
    return Promise.resolve();
  });
  expect(isAsked).toBe(true);
  await used;
  await pool.close();
});

it('given a file that is forgotten while it is read, then it is closed once it has been', async () => {
  const { directory, closed } = await oneFile();
  const pool = new FilePool(directory, 1);
  let finish = (): void => {};
  const reading = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const used = pool.use('a', () => reading);
  await pool.forget('a');
  expect(closed()).toBe(0);
  finish();
  await used;
  expect(closed()).toBe(1);
});
