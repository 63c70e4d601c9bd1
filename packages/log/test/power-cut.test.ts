import { SeededRandom, type SimulatedDisk } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { appendBig, appendEach, batchOf, big, quiet, readAround, refused, valuesOf, World, words } from './world.js';

const random = new SeededRandom('power cut');

/** The worlds that a power cut now may leave. */
function* afterPowerCut(disk: SimulatedDisk): Generator<World> {
  for (const { disk: cut } of disk.crashStates({ random, variantsMax: 6 })) yield new World(cut);
}

describe('what was confirmed is there after a power cut', () => {
  // A single-node cluster crashes after an ack: etcd 14370. Power cut of all nodes at once: Jepsen, NATS 2.12.1.
  it('given appends that were confirmed one by one, when the power is cut, then each of them is there', async () => {
    const world = new World();
    const log = await world.open();
    for (let count = 1; count <= 9; count += 1) {
      await log.append(big(`b${count}`));
      for (const { disk } of world.disk.crashStates({ random: new SeededRandom(count), variantsMax: 4 })) {
        expect(await valuesOf(await new World(disk).open())).toEqual(words(1, count));
      }
    }
  });

  // Pages of one unsynced group reach the disk in any order: measured.
  it('given a group that was being written, when any of its pages are there, then it is cut at the first bad batch', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    await appendBig(log, 1, 3);
    world.disk.onOperation = ({ method, path }) => {
      if (method === 'sync' && path.endsWith('.log')) world.disk.cutPower();
    };
    const group = Array.from({ length: 20 }, (_, at) => log.append(big(`b${at + 4}`)));
    expect((await Promise.allSettled(group)).every(({ status }) => status === 'rejected')).toBe(true);
    const found = new Set<number>();
    const faults = ['pages', 'torn', 'mixed'] as const;
    for (const { disk } of world.disk.crashStates({ random: new SeededRandom(1), faults, variantsMax: 40 })) {
      const again = await new World(disk).open();
      expect(again.damage).toEqual([]);
      expect(await valuesOf(again)).toEqual(words(1, again.tail.index));
      expect(again.tail.index).toBeGreaterThanOrEqual(3);
      found.add(again.tail.index);
      await again.append(big('next'));
      expect((await valuesOf(again)).at(-1)).toBe('next');
    }
    expect(found.size).toBeGreaterThan(5);
  });

  // A file's length grew but its data did not: measured on ext4.
  it('given a file that ends with zeros, then they are not taken for batches', async () => {
    const world = new World();
    const log = await world.open();
    await appendEach(log, 'a', 'b');
    const name = world.names[0]!;
    const bytes = world.bytesOf(name);
    await log.close();
    world.place(name, Buffer.concat([bytes, Buffer.alloc(10_000)]));
    const again = await world.open();
    expect(again.damage).toEqual([]);
    expect(world.bytesOf(name).equals(bytes)).toBe(true);
    expect(await valuesOf(again)).toEqual(['a', 'b']);
  });

  // A few kill -9 in a row: nats-server 6888.
  it('given a process that is killed again and again, then the log stays known and whole', async () => {
    let world = new World();
    for (let life = 1; life <= 12; life += 1) {
      const log = await world.open();
      expect(await valuesOf(log)).toEqual(words(1, life - 1));
      await log.append(big(`b${life}`));
      world = new World(world.disk.clone());
    }
  });

  // A crash during retention: positions never decrease: etcd 17780.
  it('given a trim, when the power is cut at any operation of it, then the start has moved or not, and the end stands', async () => {
    for (let at = 1; ; at += 1) {
      const world = new World();
      const log = await world.open();
      await appendBig(log, 1, 12);
      await log.trimBefore(4);
      let count = 0;
      world.disk.onOperation = () => {
        count += 1;
        if (count === at) world.disk.cutPower();
      };
      const isDone = await log.trimBefore(9).then(
        () => true,
        () => false,
      );
      for (const { disk } of world.disk.crashStates({ random: new SeededRandom(at), variantsMax: 3 })) {
        const again = await new World(disk).open();
        expect(isDone ? [8] : [3, 8]).toContain(again.start.index);
        expect(again.start.nextOffset).toBe(again.start.index);
        expect(again.tail.index).toBe(12);
        expect(await valuesOf(again)).toEqual(words(again.start.index + 1, 12));
      }
      if (isDone && count < at) break;
    }
  });

  // A truncation is lost in a power cut and the next segment starts lower: raft-wal.
  it('given a truncation and another tail, when the power is cut at any operation, then no index is there twice', async () => {
    for (let at = 1; ; at += 1) {
      const world = new World();
      const log = await world.open();
      await appendBig(log, 1, 12);
      let count = 0;
      world.disk.onOperation = () => {
        count += 1;
        if (count === at) world.disk.cutPower();
      };
      const rewrite = async (): Promise<void> => {
        await log.truncateAfter(5);
        for (const value of ['c6', 'c7', 'c8', 'c9']) await log.append(big(value), { term: 2 });
      };
      const isDone = await rewrite().then(
        () => true,
        () => false,
      );
      for (const { disk } of world.disk.crashStates({ random: new SeededRandom(at), variantsMax: 2 })) {
        const again = await new World(disk).open();
        const values = await valuesOf(again);
        expect(values).toHaveLength(again.tail.index);
        const isOld = values.length === 12 && values.at(-1) === 'b12';
        const rewritten = ['c6', 'c7', 'c8', 'c9'].slice(0, Math.max(0, values.length - 5));
        expect(values).toEqual(isOld ? words(1, 12) : [...words(1, 5), ...rewritten]);
        expect(isDone && values.length !== 9).toBe(false);
      }
      if (isDone && count < at) break;
    }
  });
});

// Rebello et al., ATC 2020: the pages of a failed sync are taken for clean, and syncing again says yes to what is not there.
it('given a sync that failed, when the log is opened again and acknowledges more, then a power cut takes none of it', async () => {
  const world = new World();
  const log = await world.open();
  await log.append(batchOf('a'));
  world.disk.inject({ method: 'sync', path: /\.log$/, code: 'EIO' });
  await refused(log.append(batchOf('x')), 'fenced');
  await log.close();
  const again = await world.open();
  await again.append(batchOf('y'));
  const acknowledged = await valuesOf(again);
  for (const cut of afterPowerCut(world.disk)) expect(await valuesOf(await cut.open())).toEqual(acknowledged);
});

it('given a sync that failed in a damaged segment, when the log is opened again, then a power cut takes nothing of what it shows', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await appendBig(log, 1, 4);
  world.disk.inject({ method: 'sync', path: /\.log$/, code: 'EIO' });
  await refused(log.append(big('b5')), 'fenced');
  await log.close();
  world.damage(log, 2, 'body');
  const shown = { values: ['b1', ...words(3, 5)], holes: [2] };
  expect(await readAround(await world.open())).toEqual(shown);
  for (const cut of afterPowerCut(world.disk)) expect(await readAround(await cut.open())).toEqual(shown);
});

// etcd 22340: a rename that its directory's sync has not reached yet.
it('given a process killed between a roll’s rename and the sync of the directory, when the next one acknowledges, then a power cut takes none of it', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 3);
  const killed: SimulatedDisk[] = [];
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'syncDirectory' && path === '/log') killed.push(world.disk.clone());
  };
  await log.append(big('b4'));
  expect(killed.length).toBeGreaterThan(1);
  for (const disk of killed) {
    const next = await new World(disk).open();
    await next.append(batchOf('acknowledged'));
    for (const cut of afterPowerCut(disk)) expect(await valuesOf(await cut.open())).toContain('acknowledged');
  }
});

// canonical/raft 320: an index whose entry was refused is given again.
it('given a group that was refused for want of space, when the power is cut, then none of it is in the log', async () => {
  const world = new World();
  const log = await world.open();
  await log.append(batchOf('a'));
  const group = [batchOf('x'), batchOf('y')];
  world.disk.inject({ method: 'write', path: /\.log$/, code: 'ENOSPC', writtenBytes: group[0]!.length + 1 });
  for (const append of group.map((batch) => log.append(batch))) await refused(append, 'no-space');
  for (const cut of afterPowerCut(world.disk)) expect(await valuesOf(await cut.open())).toEqual(['a']);
});

// Without a mark before each group, damage to what was acknowledged seconds ago counts as torn.
it('given groups, then before each the mark has the end of the one before', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 2 ** 20 });
  await appendBig(log, 1, 5);
  world.damage(log, 2, 'body');
  // The process is killed: nothing was written back, and the page cache has it all.
  const again = await new World(world.disk.clone()).open({ segmentBytes: 2 ** 20 });
  expect(await readAround(again)).toEqual({ values: ['b1', 'b3', 'b4', 'b5'], holes: [2] });
  expect(again.damage.length).toBe(1);
  expect(again.segments.length).toBe(2);
});

// The start was durable, the mark behind it was not: recovery cut below the start, and gave indexes and offsets a second time.
it('given a log that was trimmed up to its last batches, when the power is cut and one of those before the start decays, then the tail is not cut below the start', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await appendBig(log, 1, 5);
  world.clock.advance(1500);
  await quiet();
  await appendBig(log, 6, 9);
  const places = [7, 8, 9].map((index) => world.placeOf(log, index));
  await log.trimBefore(9);
  for (const { name, at } of places) {
    for (const { disk } of world.disk.crashStates({ random: new SeededRandom(name), variantsMax: 4 })) {
      const decayed = new World(disk);
      decayed.flip(name, at + 70);
      const again = await decayed.open();
      expect(again.start.index).toBe(8);
      expect(again.tail.index).toBe(9);
      expect((await again.append(batchOf('next'))).baseOffset).toBe(9);
    }
  }
});
