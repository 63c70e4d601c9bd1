import { SeededRandom, SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { appendEach, dir, refused, valuesOf, World } from './world.js';

it('given a directory that does not exist, when a log is opened there, then it and those above it are made', async () => {
  const world = new World();
  const log = await world.open({ dir: '/far/down/log' });
  await appendEach(log, 'a');
  expect(await valuesOf(log)).toEqual(['a']);
  await log.close();
});

it('given a new log, then its directory holds a manifest, a segment, SYNCED and HARDSTATE, and nothing else', async () => {
  const world = new World();
  await world.open({ storageId: 'ab'.repeat(16) });
  expect(world.names).toEqual(['00000000000000000001-1.log', 'HARDSTATE', 'MANIFEST', 'SYNCED']);
});

it('given a storage id, when the log is new, then it has it, and keeps it whoever opens it later', async () => {
  const world = new World();
  const log = await world.open({ storageId: 'ab'.repeat(16) });
  expect(log.hardState).toEqual({ term: 0, vote: null, commitHint: 0, storageId: 'ab'.repeat(16) });
  await log.close();
  const again = await world.open({ storageId: 'cd'.repeat(16) });
  expect(again.hardState.storageId).toBe('ab'.repeat(16));
});

it('given create is false, when there is no log, then nothing is made', async () => {
  const world = new World();
  const error = await refused(world.open({ create: false }), 'wrong-directory');
  expect(error.message).toMatch(/create is false/);
  await world.disk.files.makeDirectory(dir);
  await refused(world.open({ create: false }), 'wrong-directory');
  expect(world.names).toEqual([]);
  await (await world.open()).close();
  await (await world.open({ create: false })).close();
});

it('given a file in place of the directory, or above it, then the error says so', async () => {
  const world = new World();
  world.disk.place('/log', Buffer.from('a file'));
  await refused(world.open(), 'wrong-directory');
  await refused(world.open({ dir: '/log/below' }), 'wrong-directory');
  expect(Buffer.from(world.disk.bytesOf('/log')).toString()).toBe('a file');
});

it('given a directory with somebody else’s files, then it is refused, and they are named and kept', async () => {
  const world = new World();
  await world.disk.files.makeDirectory(dir);
  world.place('notes.txt', Buffer.from('mine'));
  world.place('photo.jpg', Buffer.from('mine, too'));
  const before = world.snapshot;
  const error = await refused(world.open(), 'wrong-directory');
  expect(error.message).toMatch(/notes\.txt and 1 more/);
  expect(world.snapshot).toEqual(before);
});

it('given the lost+found of a fresh file system, then a log can be made beside it', async () => {
  const world = new World();
  await world.disk.files.makeDirectory(`${dir}/lost+found`);
  await (await world.open()).close();
});

it('given a second opener, then it is told who has the directory, and can have it once the first has closed', async () => {
  const world = new World();
  const first = await world.open();
  const error = await refused(world.open(), 'locked');
  expect(error.message).toMatch(/another owner/);
  await appendEach(first, 'a');
  await first.close();
  const second = await world.open();
  expect(await valuesOf(second)).toEqual(['a']);
});

it('given an opening that failed, then the directory is free again', async () => {
  const world = new World();
  await (await world.open()).close();
  await refused(world.open({ cluster: 'ab'.repeat(16) }), 'wrong-directory');
  await (await world.open()).close();
});

it('given a read-only file system, when a log is opened, then the error says so, and nothing changes', async () => {
  const world = new World();
  const log = await world.open();
  await appendEach(log, 'a');
  await log.close();
  const before = world.snapshot;
  world.disk.isReadOnly = true;
  await refused(world.open(), 'read-only');
  await refused(world.open({ dir: '/other' }), 'read-only');
  expect(world.snapshot).toEqual(before);
});

it.each([0, 100, 5000, 9000, 9100])(
  'given room for %d bytes only, when a log is made, then it says so, and is made once there is room',
  async (room) => {
    const world = new World(new SimulatedDisk({ capacityBytes: room }));
    await refused(world.open(), 'no-space');
    world.disk.capacityBytes = Number.POSITIVE_INFINITY;
    const log = await world.open();
    await appendEach(log, 'a');
    expect(await valuesOf(log)).toEqual(['a']);
  },
);

it('given no file descriptors, when a log is opened, then it says so, and opens once there are some', async () => {
  const world = new World();
  await (await world.open()).close();
  for (const path of [/HARDSTATE$/, /SYNCED$/, /\.log$/, /MANIFEST$/]) {
    const failing = world.disk.inject({ method: 'open', path, code: 'EMFILE' });
    const error = await refused(world.open(), 'too-many-files');
    expect(error.message).toMatch(/ulimit/);
    failing.cancel();
  }
  await (await world.open()).close();
});

// A few kill -9 in a row, during start-up too: nats-server 6888.
it('given a process that is killed at every operation of its first start, one after the other, then the next start makes the log', async () => {
  for (let at = 1; ; at += 1) {
    const world = new World();
    let count = 0;
    world.disk.onOperation = () => {
      count += 1;
      if (count === at) world.disk.cutPower();
    };
    const log = await world.open().catch(() => undefined);
    if (log !== undefined) break;
    // Killed three times in a row, each time a little later.
    let disk = world.disk.clone();
    for (const more of [1, 5, 9]) {
      const next = new World(disk);
      let operations = 0;
      disk.onOperation = () => {
        operations += 1;
        if (operations === more) next.disk.cutPower();
      };
      await next.open().catch(() => undefined);
      disk = disk.clone();
    }
    const after = await new World(disk).open();
    await appendEach(after, 'a');
    expect(await valuesOf(after)).toEqual(['a']);
  }
});

// A directory not synced after a rename, then a power cut: etcd 22340.
it('given a power cut at any operation of the first start, in which any names are lost, then the next start makes the log', async () => {
  for (let at = 1; ; at += 1) {
    const world = new World();
    let count = 0;
    world.disk.onOperation = () => {
      count += 1;
      if (count === at) world.disk.cutPower();
    };
    const log = await world.open().catch(() => undefined);
    if (log !== undefined) break;
    const random = new SeededRandom(`first start ${at}`);
    const faults = ['lost', 'names-lost', 'bytes-lost', 'mixed'] as const;
    for (const state of world.disk.crashStates({ random, faults, variantsMax: 6 })) {
      const after = await new World(state.disk).open();
      await appendEach(after, 'a');
      expect(await valuesOf(after)).toEqual(['a']);
    }
  }
});
