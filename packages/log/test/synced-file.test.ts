import { SeededRandom, SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { LogDirectory } from '../src/directory.js';
import type { SyncedMark } from '../src/format/synced.js';
import { SyncedFile } from '../src/synced-file.js';
import { appendBig, appendEach, batchOf, quiet, readAround, World, words } from './world.js';

const mark = (position: number): SyncedMark => ({
  segmentId: 1,
  position,
  end: { index: position, term: 1, nextOffset: position, appendTime: 0 },
});

async function created(): Promise<{ disk: SimulatedDisk; synced: SyncedFile }> {
  const disk = new SimulatedDisk();
  await disk.files.makeDirectory('/log');
  const directory = new LogDirectory('/log', disk.files);
  await SyncedFile.create(directory, mark(64));
  await directory.syncNames();
  const synced = await SyncedFile.open(directory, (await SyncedFile.read(directory))!);
  return { disk, synced };
}

async function positions(disk: SimulatedDisk, seed: number): Promise<Set<number | undefined>> {
  const found = new Set<number | undefined>();
  for (const state of disk.crashStates({ random: new SeededRandom(seed), variantsMax: 20 })) {
    found.add((await SyncedFile.read(new LogDirectory('/log', state.disk.files)))?.position);
  }
  return found;
}

it('given marks that were written, when the power is cut, then there is one of them, and none before the last that was synced', async () => {
  const { disk, synced } = await created();
  synced.write(mark(100));
  await synced.sync();
  expect(await positions(disk, 1)).toEqual(new Set([100]));
  synced.write(mark(200));
  synced.write(mark(300));
  const found = await positions(disk, 2);
  for (const position of found) expect([100, 200, 300]).toContain(position);
  await synced.sync();
  expect(await positions(disk, 3)).toEqual(new Set([300]));
});

it('given a sync under way, when marks come, then the one before is never torn, and the next sync has the last of them', async () => {
  const { disk, synced } = await created();
  synced.write(mark(100));
  const stall = disk.stallSyncs();
  const first = synced.sync();
  await quiet();
  synced.write(mark(200));
  synced.write(mark(300));
  const second = synced.sync();
  for (const position of await positions(disk, 4)) expect([64, 100]).toContain(position);
  stall.end();
  await Promise.all([first, second]);
  expect(synced.latest.position).toBe(300);
  expect(await positions(disk, 5)).toEqual(new Set([300]));
});

it('given nothing new, when it is synced, then the disk is let alone', async () => {
  const { disk, synced } = await created();
  await synced.sync();
  const before = disk.operationCount;
  await synced.sync();
  expect(disk.operationCount).toBe(before);
});

it('given an open log, then SYNCED is synced a second after an append, once, and when the log is closed', async () => {
  const world = new World();
  const log = await world.open();
  let syncs = 0;
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'sync' && path.endsWith('SYNCED')) syncs += 1;
  };
  await appendEach(log, 'a', 'b', 'c');
  expect(syncs).toBe(0);
  world.clock.advance(999);
  await quiet();
  expect(syncs).toBe(0);
  world.clock.advance(1);
  await quiet();
  expect(syncs).toBe(1);
  world.clock.advance(60_000);
  await quiet();
  expect(syncs).toBe(1);
  await log.append(batchOf('d'));
  await log.close();
  expect(syncs).toBe(2);
});

// Opening wrote over the newest mark in place: torn, it let the older one count, and damage behind that one be cut as torn.
it('given a batch that decayed below a durable mark, when the power is cut at any step of opening, then what is behind it stays', async () => {
  const settings = { segmentBytes: 2 ** 20 };
  const world = new World();
  const log = await world.open(settings);
  await appendBig(log, 1, 6);
  world.clock.advance(1500);
  await quiet();
  world.damage(log, 2, 'body');
  const random = new SeededRandom('decayed');
  for (let step = 1; ; step += 1) {
    const next = new World(world.disk.clone());
    let steps = 0;
    next.disk.onOperation = ({ method }) => {
      if (!['read', 'size', 'list'].includes(method) && ++steps === step) next.disk.cutPower();
    };
    const run = next.open(settings).then((opened) => opened.close());
    await run.catch(() => {});
    for (const { disk } of next.disk.crashStates({ random, variantsMax: 16 })) {
      const again = await new World(disk).open(settings);
      expect([step, await readAround(again)]).toEqual([step, { values: ['b1', ...words(3, 6)], holes: [2] }]);
    }
    if (steps < step) break;
    expect(step).toBeLessThan(100);
  }
});

// The slot was torn, the mark taken for written, and the next group went to disk without one.
it('given a mark whose writing fails halfway, when a batch decays that was acknowledged before the next one, then it is named, and nothing is cut', async () => {
  const settings = { segmentBytes: 2 ** 20 };
  const world = new World();
  const log = await world.open(settings);
  await appendBig(log, 1, 2);
  world.disk.inject({ method: 'write', path: /SYNCED$/, code: 'EIO', after: 1, writtenBytes: 6 });
  world.clock.advance(1500);
  await quiet();
  await appendBig(log, 3, 3);
  world.damage(log, 2, 'body');
  const again = await new World(world.disk.clone()).open(settings);
  expect(await readAround(again)).toEqual({ values: ['b1', 'b3'], holes: [2] });
});

it.each([20, 4096 + 20])(
  'given a file that was just put in place, when byte %d of it decays, then the mark is read',
  async (byte) => {
    const { disk } = await created();
    disk.flipBit('/log/SYNCED', byte * 8);
    expect(await SyncedFile.read(new LogDirectory('/log', disk.files))).toMatchObject(mark(64));
  },
);
