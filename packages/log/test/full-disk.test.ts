import { describe, expect, it } from 'vitest';
import { appendBig, appendEach, batchOf, big, refused, stampedAfter, valuesOf, World, words } from './world.js';

// Disk full: writes refused with a clear error, reads served, recovery when space returns, nothing wiped: nats-server 5382, canonical/raft 320.
describe('the disk is full', () => {
  it('given a write that fits only in part, then it is refused and cut, reads go on, and appends when there is space', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    await appendBig(log, 1, 3);
    const { name } = world.placeOf(log, 1);
    const { length } = world.bytesOf(name);
    world.disk.capacityBytes = world.disk.usedBytes + 1500;
    const group = [log.append(big('x')), log.append(big('y'))];
    for (const append of group) expect((await refused(append, 'no-space')).message).toMatch(/free some space/i);
    expect(world.bytesOf(name)).toHaveLength(length);
    expect([log.tail.index, log.durable.index, log.fencedBy]).toEqual([3, 3, undefined]);
    expect(await valuesOf(log)).toEqual(words(1, 3));
    // What fits is taken.
    await appendBig(log, 4, 4);
    await refused(log.append(big('z')), 'no-space');
    world.disk.capacityBytes = Number.POSITIVE_INFINITY;
    await appendBig(log, 5, 6);
    expect(await valuesOf(log)).toEqual(words(1, 6));
    expect(await valuesOf(await new World(world.disk.clone()).open())).toEqual(words(1, 6));
  });

  it.each([/-[23]\.log$/, /MANIFEST\.new$/, /CHECKPOINT-.*\.new$/])(
    'given no space for %s of a roll, then the append is refused, and goes on when there is',
    async (path) => {
      const world = new World();
      const log = await world.open({ checkpoint: ({ index }) => Buffer.from(`${index}`) });
      await appendBig(log, 1, 3);
      const failing = world.disk.inject({ method: 'write', path, code: 'ENOSPC', times: 2, writtenBytes: 3 });
      const appends = await Promise.allSettled([log.append(big('x')), log.append(big('y'))]);
      expect(appends.map((settled) => settled.status === 'rejected' && settled.reason.code)).toEqual([
        'no-space',
        'no-space',
      ]);
      await refused(log.append(big('z')), 'no-space');
      expect(failing.failedCount).toBe(2);
      expect(log.segments).toHaveLength(1);
      expect(await valuesOf(log)).toEqual(words(1, 3));
      await appendBig(log, 4, 5);
      expect(await valuesOf(log)).toEqual(words(1, 5));
      expect(log.checkpoints).toEqual([{ index: 3, term: 1 }]);
      expect(await valuesOf(await new World(world.disk.clone()).open())).toEqual(words(1, 5));
    },
  );

  it('given no space even for the index of a sealed segment, then the roll goes on without it', async () => {
    const world = new World();
    const log = await world.open();
    world.disk.inject({ method: 'write', path: /\.index$/, code: 'ENOSPC', times: 99, writtenBytes: 7 });
    await appendBig(log, 1, 8);
    await log.close();
    expect(await valuesOf(await world.open(), { index: 2 })).toEqual(words(2, 8));
  });

  it('given a full disk, when it is trimmed, then the space comes back', async () => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 12);
    world.disk.capacityBytes = world.disk.usedBytes + 1000;
    await refused(log.append(big('x')), 'no-space');
    await log.trimBefore(10);
    await appendBig(log, 13, 14);
    expect(await valuesOf(log)).toEqual(words(10, 14));
  });

  it('given no space when a change is made, then it is refused as a whole', async () => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 9);
    const change = [() => log.truncateAfter(2), () => log.trimBefore(8), () => log.reset({ ...log.tail, index: 50 })];
    for (const run of change) {
      const failing = world.disk.inject({ method: 'write', path: /MANIFEST\.new$/, code: 'ENOSPC' });
      await refused(run(), 'no-space');
      expect(failing.failedCount).toBe(1);
      expect([log.start.index, log.tail.index]).toEqual([0, 9]);
      expect(await valuesOf(log)).toEqual(words(1, 9));
    }
    await appendBig(log, 10, 10);
    expect(await valuesOf(await new World(world.disk.clone()).open())).toEqual(words(1, 10));
  });

  it('given a group that is refused, when some of the batches of one call went to disk before, then the tail says how many', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20, groupBytesMax: 1500 });
    let previous = log.tail;
    const stamped = words(1, 3).map((value) => {
      const batch = stampedAfter(previous, big(value));
      previous = { ...previous, index: previous.index + 1, term: 1, nextOffset: previous.nextOffset + 1 };
      return batch;
    });
    world.disk.inject({ method: 'write', path: /\.log$/, code: 'ENOSPC', after: 1 });
    await refused(log.appendStamped(stamped), 'no-space');
    expect([log.tail.index, log.durable.index]).toEqual([1, 1]);
    await log.appendStamped(stamped.slice(1));
    expect(await valuesOf(log)).toEqual(words(1, 3));
  });
});

it('given an append that was refused for want of space, when the same batch is appended again, then it is taken', async () => {
  const world = new World();
  const log = await world.open();
  await appendEach(log, 'a');
  const batch = batchOf('b');
  world.disk.capacityBytes = world.disk.usedBytes;
  await refused(log.append(batch), 'no-space');
  world.disk.capacityBytes = Number.POSITIVE_INFINITY;
  await log.append(batch);
  expect(await valuesOf(log)).toEqual(['a', 'b']);
});

it('given the file system turned read-only, when a batch is appended, then the error says so, and the log goes on once it is writable', async () => {
  const world = new World();
  const log = await world.open();
  await appendEach(log, 'a');
  world.disk.isReadOnly = true;
  await refused(log.append(batchOf('b')), 'read-only');
  expect(await valuesOf(log)).toEqual(['a']);
  world.disk.isReadOnly = false;
  await appendEach(log, 'c');
  expect(await valuesOf(log)).toEqual(['a', 'c']);
});
