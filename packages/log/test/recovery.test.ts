import { crc32 } from 'node:zlib';
import { headerBytes, stampBatch } from '@commitlog/record';
import { describe, expect, it } from 'vitest';
import {
  appendBig,
  appendEach,
  batchesOf,
  batchOf,
  big,
  readAround,
  refused,
  stampedAfter,
  valuesOf,
  World,
  words,
} from './world.js';

describe('what says what the log is made of', () => {
  async function written(): Promise<World> {
    const world = new World();
    const log = await world.open({ checkpoint: () => Buffer.from('state') });
    await appendBig(log, 1, 9);
    await log.close();
    return world;
  }

  it.each(['MANIFEST', 'HARDSTATE', 'SYNCED'])(
    'given %s is missing beside segments, then the log is corrupt, and nothing changes',
    async (name) => {
      const world = await written();
      await world.remove(name);
      const before = world.snapshot;
      const error = await refused(world.open(), 'corrupt');
      expect(error.message).toContain(name);
      expect(error.message).toMatch(/missing/);
      expect(error.message).toMatch(/Nothing was changed/);
      expect(world.snapshot).toEqual(before);
    },
  );

  // A bit flips in a manifest: detected, named, nothing deleted as "orphaned": nats-server 7556.
  it.each([
    ['MANIFEST', [40]],
    ['HARDSTATE', [40, 4096 + 40]],
    ['SYNCED', [40, 4096 + 40]],
  ])('given %s is damaged everywhere, then the log is corrupt, and nothing changes', async (name, at) => {
    const world = await written();
    for (const byte of at) world.flip(name, byte);
    const before = world.snapshot;
    expect((await refused(world.open(), 'corrupt')).message).toContain(name);
    expect(world.snapshot).toEqual(before);
  });

  it.each([
    ['HARDSTATE', 40],
    ['HARDSTATE', 4096 + 40],
    ['SYNCED', 40],
    ['SYNCED', 4096 + 40],
  ])('given one of the two copies in %s is damaged at byte %d, then the log opens and is whole', async (name, byte) => {
    const world = await written();
    world.flip(name, byte);
    const log = await world.open();
    expect(log.damage).toEqual([]);
    expect(await valuesOf(log)).toEqual(words(1, 9));
    expect(log.hardState.term).toBe(1);
  });

  it('given the files of an empty manifest, cut to nothing, then the log is corrupt', async () => {
    const world = await written();
    world.place('MANIFEST', Buffer.alloc(0));
    await refused(world.open(), 'corrupt');
  });

  it('given an older copy of the manifest, when SYNCED speaks of a later segment, then the log is corrupt, and nothing is removed', async () => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 2);
    const old = world.bytesOf('MANIFEST');
    await appendBig(log, 3, 9);
    await log.close();
    world.place('MANIFEST', old);
    const before = world.snapshot;
    expect((await refused(world.open(), 'corrupt')).message).toMatch(/old copy/);
    expect(world.snapshot).toEqual(before);
  });

  it.each([{ cluster: 'ab'.repeat(16) }, { log: 7 }])(
    'given the directory of another log, opened as %o, then it is refused, and nothing changes',
    async (other) => {
      const world = await written();
      const before = world.snapshot;
      await refused(world.open(other), 'wrong-directory');
      expect(world.snapshot).toEqual(before);
    },
  );

  it('given a manifest of a later version, then it is a newer format, and nothing changes', async () => {
    const world = await written();
    const body = `${world.bytesOf('MANIFEST').toString().split('\n')[0]!.replace('"version":1', '"version":2')}\n`;
    world.place('MANIFEST', Buffer.from(`${body}crc32 ${crc32(body).toString(16).padStart(8, '0')}\n`));
    const before = world.snapshot;
    await refused(world.open(), 'newer-format');
    expect(world.snapshot).toEqual(before);
  });

  it.each(['sealed', 'active'])(
    'given the %s segment’s header is of a later version, then it is a newer format, and nothing changes',
    async (which) => {
      const world = await written();
      const segments = world.names.filter((name) => name.endsWith('.log'));
      const name = which === 'sealed' ? segments[0]! : segments.at(-1)!;
      const bytes = world.bytesOf(name);
      bytes.writeUInt32LE(2, 8);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
      world.place(name, bytes);
      const before = world.snapshot;
      await refused(world.open(), 'newer-format');
      expect(world.snapshot).toEqual(before);
    },
  );

  it('given a batch of a type that this version does not know, its checksums right, at the tail, then it is not cut', async () => {
    const world = new World();
    const log = await world.open();
    await appendEach(log, 'a');
    const batch = stampedAfter(log.tail, batchOf('of a later version'));
    await log.close();
    batch[36] = 9;
    batch.writeUInt32LE(crc32(batch.subarray(4, headerBytes)), 0);
    const name = world.names[0]!;
    world.place(name, Buffer.concat([world.bytesOf(name), batch]));
    const before = world.snapshot;
    expect((await refused(world.open(), 'newer-format')).message).toMatch(/type 9/);
    expect(world.snapshot).toEqual(before);
  });

  it('given leftovers of interrupted changes, then they are removed, and other files are let alone', async () => {
    const world = await written();
    world.place('MANIFEST.new', Buffer.from('half'));
    world.place('00000000000000000099-77.log', Buffer.from('a segment that never became part of the log'));
    world.place('00000000000000000099-77.index', Buffer.from('its index'));
    world.place('CHECKPOINT-00000000000000000002-1', Buffer.from('of a log that was truncated'));
    world.place('notes.txt', Buffer.from('somebody’s'));
    const kept = (await written()).names;
    const log = await world.open();
    expect(world.names.toSorted()).toEqual([...kept, 'notes.txt'].toSorted());
    expect(await valuesOf(log)).toEqual(words(1, 9));
  });
});

it('given a truncated segment that could not be shortened, when the log is opened again, then it gives the space back', async () => {
  const world = new World();
  const settings = { segmentBytes: 1 << 20 };
  const log = await world.open(settings);
  await appendBig(log, 1, 50);
  const { name, at } = world.placeOf(log, 3);
  world.disk.inject({ method: 'resize', path: /\.log$/, code: 'EIO' });
  await log.truncateAfter(2);
  await log.close();
  expect(world.bytesOf(name).length).toBeGreaterThan(50_000);
  const again = await world.open(settings);
  expect(world.bytesOf(name).length).toBe(at);
  expect(await valuesOf(again)).toEqual(words(1, 2));
});

describe('the last segment is damaged', () => {
  async function withLast(values: number): Promise<World> {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    await appendBig(log, 1, values);
    await log.close();
    return world;
  }

  it.each(['header', 'body'] as const)(
    'given the %s of a batch below SYNCED, then nothing is cut, and the log goes on behind it',
    async (part) => {
      const world = await withLast(6);
      const log = await world.open();
      world.damage(log, 3, part);
      await log.close();
      const damaged = await world.open();
      expect(damaged.damage).toMatchObject([{ firstIndex: 3, lastIndex: 3 }]);
      expect(damaged.tail.index).toBe(6);
      expect(await readAround(damaged)).toEqual({ values: ['b1', 'b2', 'b4', 'b5', 'b6'], holes: [3] });
      expect((await damaged.append(big('b7'))).index).toBe(7);
      await damaged.close();
      const again = await world.open();
      expect(await readAround(again)).toEqual({ values: ['b1', 'b2', 'b4', 'b5', 'b6', 'b7'], holes: [3] });
    },
  );

  it('given the very last batch below SYNCED, then its index is never used again', async () => {
    const world = await withLast(4);
    const log = await world.open();
    world.damage(log, 4, 'header');
    await log.close();
    const damaged = await world.open();
    expect(damaged.tail).toMatchObject({ index: 4, nextOffset: 4 });
    expect(await damaged.append(big('b5'))).toMatchObject({ index: 5, baseOffset: 4 });
    expect(await readAround(damaged)).toEqual({ values: ['b1', 'b2', 'b3', 'b5'], holes: [4] });
  });

  it('given a batch above SYNCED, then it and what is behind it are cut', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    await appendBig(log, 1, 3);
    const place = world.placeOf(log, 3);
    await log.close();
    const stamped = [];
    let previous = log.tail;
    for (const value of ['x4', 'x5', 'x6']) {
      const batch = stampedAfter(previous, big(value));
      stamped.push(batch);
      previous = { ...previous, index: previous.index + 1, nextOffset: previous.nextOffset + 1 };
    }
    stamped[1]![100]! ^= 1;
    const whole = world.bytesOf(place.name);
    world.place(place.name, Buffer.concat([whole, ...stamped]));
    const again = await world.open({ segmentBytes: 1 << 20 });
    expect(again.damage).toEqual([]);
    expect(await valuesOf(again)).toEqual(['b1', 'b2', 'b3', 'x4']);
    expect(world.bytesOf(place.name)).toHaveLength(whole.length + stamped[0]!.length);
    await again.append(big('new5'));
    expect(await valuesOf(again)).toEqual(['b1', 'b2', 'b3', 'x4', 'new5']);
  });

  it('given its file is missing or cut to its header, then what was there is named, and the log goes on', async () => {
    for (const kept of [undefined, 64]) {
      const world = await withLast(4);
      const name = world.names[0]!;
      if (kept === undefined) await world.remove(name);
      else world.place(name, world.bytesOf(name).subarray(0, kept));
      const log = await world.open();
      const { holes, values } = await readAround(log);
      expect([...values.map((value) => Number(value.slice(1))), ...holes]).toEqual([1, 2, 3, 4]);
      expect(holes.length).toBeGreaterThan(2);
      expect((await log.append(big('b5'))).index).toBe(5);
    }
  });

  it('given only the segment’s own header, then no batch is missing', async () => {
    const world = await withLast(4);
    world.flip(world.names[0]!, 30);
    const log = await world.open();
    expect(await valuesOf(log)).toEqual(words(1, 4));
    expect(log.damage).toHaveLength(1);
    expect(log.damage[0]!.lastIndex).toBeLessThan(log.damage[0]!.firstIndex);
  });

  it('given a record that holds what looks like later batches, when the batch around it is damaged, then they are not believed', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    await appendEach(log, 'a');
    const impostors = [3, 4, 5].map((index) => {
      const batch = batchOf(`impostor ${index}`);
      stampBatch(batch, { index, term: 1, baseOffset: index - 1, appendTime: world.clock.wallMs() });
      return batch;
    });
    await log.append(batchOf(Buffer.concat(impostors)));
    await appendEach(log, 'c', 'd', 'e');
    const place = world.placeOf(log, 2);
    await log.close();
    world.flip(place.name, place.at + 20);
    const damaged = await world.open({ segmentBytes: 1 << 20 });
    expect(await readAround(damaged)).toEqual({ values: ['a', 'c', 'd', 'e'], holes: [2] });
  });
});

describe('a sealed segment is damaged', () => {
  async function sealed(): Promise<World> {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 9);
    await log.close();
    return world;
  }

  // A bit flips in a data batch: never served: Jepsen, NATS 2.12.1.
  it.each(['header', 'body'] as const)(
    'given the %s of a batch, then everything around it is read, and the error names it exactly',
    async (part) => {
      const world = await sealed();
      const log = await world.open();
      const { segmentId, name } = world.placeOf(log, 2);
      world.damage(log, 2, part);
      const { damage, message, path } = await refused(log.read({ from: { index: 2 } }), 'damaged');
      expect(damage).toMatchObject({ segmentId, file: name, firstIndex: 2, lastIndex: 2 });
      expect(message).toMatch(/from index 2 to 2/);
      expect(path).toContain(name);
      expect(await readAround(log)).toEqual({ values: ['b1', ...words(3, 9)], holes: [2] });
      expect(log.damage).toEqual([damage]);
      // By offset, too.
      await refused(log.read({ from: { offset: 1 } }), 'damaged');
      expect(await valuesOf(log, { offset: 2 })).toEqual(words(3, 9));
    },
  );

  // Between two unreadable headers nothing tells the log's batches from those that stand in a record's value.
  it('given the headers of two batches, then those between are not believed, one hole names all, and mending brings them back', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 10_000 });
    await appendBig(log, 1, 12);
    const whole = await batchesOf(log);
    const [third, seventh] = [world.placeOf(log, 3), world.placeOf(log, 7)];
    for (const { name, at } of [third, seventh]) world.flip(name, at + 20);
    expect(await readAround(log)).toEqual({ values: ['b1', 'b2', ...words(8, 12)], holes: [3, 4, 5, 6, 7] });
    await log.mend(third.segmentId, async function* (first, last) {
      for (let index = first; index <= last; index += 1) yield whole.get(index)!;
    });
    expect(await batchesOf(log)).toEqual(whole);
  });

  it('given its file is missing, then its batches are named, and those around are read', async () => {
    const world = await sealed();
    const log = await world.open();
    const { name } = world.placeOf(log, 2);
    const { end } = log.segments[0]!;
    await log.close();
    await world.remove(name);
    const again = await world.open();
    expect(again.damage).toMatchObject([{ firstIndex: 1, lastIndex: end.index, reason: 'the file is missing' }]);
    expect((await readAround(again)).values).toEqual(words(end.index + 1, 9));
  });

  it('given another segment’s file in its place, then nothing in it is believed', async () => {
    const world = await sealed();
    const [first, second] = world.names.filter((name) => name.endsWith('.log'));
    world.place(first!, world.bytesOf(second!));
    const log = await world.open();
    expect(log.damage[0]).toMatchObject({ firstIndex: 1, lastIndex: log.segments[0]!.end.index });
  });

  it('given bytes behind its end, then they do not exist', async () => {
    const world = await sealed();
    const name = world.names.find((found) => found.endsWith('.log'))!;
    const log = await world.open();
    const { end } = log.segments[0]!;
    await log.close();
    world.place(name, Buffer.concat([world.bytesOf(name), stampedAfter(end, batchOf('ghost'))]));
    expect(await valuesOf(await world.open())).toEqual(words(1, 9));
  });
});

describe('a log that was trimmed inside its last segment', () => {
  async function trimmed(): Promise<{ world: World; damage: (index: number) => void }> {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    await appendBig(log, 1, 10);
    await log.trimBefore(9);
    const killed = new World(world.disk.clone());
    return { world: killed, damage: (index) => killed.damage(log, index, 'body') };
  }

  it.each([20, 4096 + 20])(
    'given byte %d of SYNCED and a batch below the start decay, then the batch is named and no index is given twice',
    async (byte) => {
      const { world, damage } = await trimmed();
      world.flip('SYNCED', byte);
      damage(5);
      const log = await world.open({ segmentBytes: 1 << 20 });
      expect(log.damage.map(({ firstIndex, lastIndex }) => [firstIndex, lastIndex])).toEqual([[5, 5]]);
      expect((await log.append(batchOf('next'))).index).toBe(11);
      expect(await valuesOf(log)).toEqual(['b9', 'b10', 'next']);
    },
  );

  it('given an old mark, and a batch below the start that cannot be read, then the log is corrupt, and nothing changes', async () => {
    const { world, damage } = await trimmed();
    const fresh = new World();
    await fresh.open({ segmentBytes: 1 << 20 });
    world.place('SYNCED', fresh.bytesOf('SYNCED'));
    damage(5);
    const before = world.snapshot;
    expect((await refused(world.open({ segmentBytes: 1 << 20 }), 'corrupt')).message).toMatch(/begins behind index 8/);
    expect(world.snapshot).toEqual(before);
  });
});

it('given a sealed segment whose file is cut short, when the log is opened, then what is missing is named', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  await log.close();
  const { name, at } = world.placeOf(log, 3);
  world.place(name, world.bytesOf(name).subarray(0, at + 100));
  const again = await world.open();
  expect(again.damage.map(({ firstIndex, lastIndex }) => [firstIndex, lastIndex])).toEqual([[3, 3]]);
});
