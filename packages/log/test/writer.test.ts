import { encodeBatch } from '@commitlog/record';
import { describe, expect, it } from 'vitest';
import { appendBig, appendEach, batchOf, big, quiet, refused, stampedAfter, valuesOf, World, words } from './world.js';

describe('group commit', () => {
  it('given many appends at once, then they share a write and a sync', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    const operations: string[] = [];
    world.disk.onOperation = ({ method, path }) => {
      if (path.endsWith('.log')) operations.push(method);
    };
    await Promise.all(Array.from({ length: 64 }, (_, at) => log.append(batchOf(`n${at}`))));
    expect(operations).toEqual(['write', 'sync']);
  });

  it('given a sync under way, when more is appended, then it waits for that one, and goes to disk together', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    const stall = world.disk.stallSyncs();
    const first = log.append(batchOf('a'));
    await quiet();
    const rest = ['b', 'c', 'd'].map((value) => log.append(batchOf(value)));
    await quiet();
    expect(stall.waitingCount).toBe(1);
    expect([log.durable.index, log.tail.index]).toEqual([0, 4]);
    stall.end();
    await Promise.all([first, ...rest]);
    expect(await valuesOf(log)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('given a limit for one write, then more goes in several, and a batch beyond the limit alone', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20, groupBytesMax: 2500 });
    const writes: number[] = [];
    world.disk.onOperation = ({ method, path, bytes = 0 }) => {
      if (method === 'write' && path.endsWith('.log')) writes.push(Math.floor(bytes / 1000));
    };
    const appended = Array.from({ length: 5 }, (_, at) => log.append(big(`b${at + 1}`)));
    appended.push(log.append(batchOf(`b6 ${'.'.repeat(5000)}`)));
    await Promise.all(appended);
    expect(writes).toEqual([2, 2, 1, 5]);
    expect(await valuesOf(log)).toEqual(words(1, 6));
  });

  it('given more than may wait, then an append is refused as overloaded, with the bounds, until there is room again', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20, pendingBytesMax: 3000 });
    const stall = world.disk.stallSyncs();
    const waiting = [log.append(big('b1')), log.append(big('b2'))];
    await quiet();
    const error = await refused(log.append(big('b3')), 'overloaded');
    expect(error).toMatchObject({ last: 3000 });
    expect(error.requested).toBeGreaterThan(3000);
    stall.end();
    await Promise.all(waiting);
    await log.append(big('b3'));
    // However long: what waits alone is taken.
    await log.append(batchOf(`b4 ${'.'.repeat(9000)}`));
    expect(await valuesOf(log)).toEqual(words(1, 4));
  });
});

describe('time', () => {
  it('given the wall clock goes back, then append times do not', async () => {
    const world = new World();
    const log = await world.open();
    const first = await log.append(batchOf('a'));
    world.clock.jumpWall(-3_600_000);
    const second = await log.append(batchOf('b'));
    expect(second.appendTime).toBe(first.appendTime);
    world.clock.jumpWall(3_600_005);
    expect((await log.append(batchOf('c'))).appendTime).toBe(first.appendTime + 5);
  });

  // A producer's clock is in 2090: order, expiry and retention unmoved.
  it('given a producer whose clock is in 2090, then the log’s own times are not moved by it', async () => {
    const world = new World();
    const log = await world.open();
    const batch = encodeBatch([{ value: Buffer.from('from 2090'), time: Date.UTC(2090, 0, 1) }]);
    expect((await log.append(batch)).appendTime).toBe(world.clock.wallMs());
    world.clock.advance(10);
    await appendEach(log, 'now');
    expect(await valuesOf(log, { time: world.clock.wallMs() })).toEqual(['now']);
  });

  it('given segments roll by age, when the first batch is that old, then the next append begins a new one', async () => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20, segmentMs: 1000 });
    world.clock.advance(5000);
    await appendEach(log, 'a');
    world.clock.advance(999);
    await appendEach(log, 'b');
    expect(log.segments).toHaveLength(1);
    world.clock.advance(1);
    await appendEach(log, 'c');
    expect(log.segments.map(({ base }) => base.index)).toEqual([0, 2]);
    expect(await valuesOf(log)).toEqual(['a', 'b', 'c']);
  });
});

describe('rolls', () => {
  it('given a segment that would grow beyond its size, then the batch begins the next, whole, and a longer one has its own', async () => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 7);
    await log.append(batchOf(`b8 ${'.'.repeat(9000)}`));
    await appendBig(log, 9, 9);
    for (const { bytes, base, end } of log.segments) {
      expect(bytes <= 4096 || end.index - base.index === 1).toBe(true);
    }
    expect(log.segments.map(({ base }) => base.index)).toEqual([0, 3, 6, 7, 8]);
    expect(await valuesOf(log)).toEqual(words(1, 9));
  });

  it('given the checkpoint hook throws, then that append alone is refused', async () => {
    const world = new World();
    let isFailing = false;
    const log = await world.open({
      checkpoint: () => {
        if (isFailing) throw new Error('the owner has a bug');
        return Buffer.from('state');
      },
    });
    await appendBig(log, 1, 3);
    isFailing = true;
    await expect(log.append(big('never'))).rejects.toThrow('the owner has a bug');
    expect(log.tail.index).toBe(3);
    isFailing = false;
    await appendBig(log, 4, 8);
    expect(await valuesOf(log)).toEqual(words(1, 8));
    expect(log.checkpoints.map(({ index }) => index)).toEqual([3, 6]);
  });

  it('given the hook, then it is called between exactly the two batches, whether or not they are durable', async () => {
    const world = new World();
    const seen: number[] = [];
    const log = await world.open({ checkpoint: ({ index }) => void seen.push(index) });
    await Promise.all(Array.from({ length: 10 }, (_, at) => log.append(big(`b${at + 1}`))));
    expect(seen).toEqual([3, 6, 9]);
    expect(log.segments.slice(1).map(({ base }) => base.index)).toEqual(seen);
    expect(log.checkpoints).toEqual([]);
  });
});

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

it('given no file descriptors when a segment is to be begun, then the append is refused, and the log goes on', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 3);
  world.disk.inject({ method: 'open', path: /-2\.log$/, code: 'EMFILE' });
  await refused(log.append(big('x')), 'too-many-files');
  await appendBig(log, 4, 5);
  expect(await valuesOf(log)).toEqual(words(1, 5));
});

// `fdatasync` fails once and then succeeds: nothing falsely acknowledged: Rebello et al., ATC 2020.
describe('a sync fails once, and would succeed from then on', () => {
  it('given it was an append’s, then the log takes no more writes, whoever waits is told, and reads go on', async () => {
    const world = new World();
    const log = await world.open();
    await appendEach(log, 'a', 'b');
    const follower = log.records({ from: 'start', follow: true });
    expect((await follower.next()).value?.value.toString()).toBe('a');
    expect((await follower.next()).value?.value.toString()).toBe('b');
    const following = follower.next();
    const waiting = log.reached(3);
    world.disk.inject({ method: 'sync', path: /\.log$/, code: 'EIO' });
    const appends = ['x', 'y'].map((value) => log.append(batchOf(value)));
    const all = [...appends, following, waiting];
    for (const settled of await Promise.allSettled(all)) {
      expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'fenced' } });
    }
    expect(log.fencedBy).toMatchObject({ code: 'fenced' });
    const writes: (() => Promise<unknown>)[] = [
      () => log.append(batchOf('z')),
      () => log.truncateAfter(1),
      () => log.trimBefore(2),
      () => log.reset(log.tail),
      () => log.saveHardState(log.hardState),
      () => log.mend(1, async function* () {}),
      () => log.reached(3),
    ];
    const before = world.snapshot;
    for (const write of writes) expect(await refused(write(), 'fenced')).toBe(log.fencedBy);
    expect(world.snapshot).toEqual(before);
    expect([log.tail.index, log.durable.index]).toEqual([2, 2]);
    expect(await valuesOf(log)).toEqual(['a', 'b']);
    await log.reached(2);
    await log.close();
    const again = await world.open();
    expect((await valuesOf(again)).slice(0, 2)).toEqual(['a', 'b']);
    await appendEach(again, 'c');
  });

  it.each([
    ['sync', /-2\.log$/],
    ['sync', /MANIFEST\.new$/],
    ['sync', /CHECKPOINT-.*\.new$/],
    ['sync', /SYNCED$/],
    ['syncDirectory', /log$/],
  ] as const)('given it was the %s of %s in a roll, then the same', async (method, path) => {
    const world = new World();
    const log = await world.open({ checkpoint: () => Buffer.from('state') });
    await appendBig(log, 1, 3);
    const failing = world.disk.inject({ method, path, code: 'EIO' });
    await refused(log.append(big('x')), 'fenced');
    expect(failing.failedCount).toBe(1);
    await refused(log.append(big('y')), 'fenced');
    expect(await valuesOf(log)).toEqual(words(1, 3));
    await log.close();
    for (const disk of [world.disk.clone(), world.disk]) {
      const again = await new World(disk).open();
      expect(await valuesOf(again)).toEqual(words(1, 3));
    }
  });

  it('given it was the one that saves how far the log is synced, a second later, then the same', async () => {
    const world = new World();
    const log = await world.open();
    await appendEach(log, 'a');
    const waiting = refused(log.reached(2), 'fenced');
    world.disk.inject({ method: 'sync', path: /SYNCED$/, code: 'EIO' });
    world.clock.advance(1000);
    await waiting;
    await refused(log.append(batchOf('b')), 'fenced');
  });

  it('given it was the hard state’s, then no append is taken any more', async () => {
    const world = new World();
    const log = await world.open();
    await appendEach(log, 'a');
    world.disk.inject({ method: 'sync', path: /HARDSTATE$/, code: 'EIO' });
    await refused(log.saveHardState({ ...log.hardState, term: 5 }), 'fenced');
    await refused(log.append(batchOf('b')), 'fenced');
    expect(log.hardState.term).toBe(1);
    expect(await valuesOf(log)).toEqual(['a']);
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

it('given a roll that failed after its checkpoint was saved, when the log is cut and grows there again without one, then no checkpoint of what is gone shows up', async () => {
  const world = new World();
  let state: string | undefined = 'of the batches that are gone';
  const checkpoint = (): Buffer | undefined => (state === undefined ? undefined : Buffer.from(state));
  const log = await world.open({ checkpoint });
  await appendBig(log, 1, 3);
  world.disk.inject({ method: 'open', path: /-2\.log$/, code: 'EMFILE' });
  await refused(log.append(batchOf('x'.repeat(2000))), 'too-many-files');
  await log.truncateAfter(1);
  state = undefined;
  // Sealed behind the same index of the same term, and nobody derived a state up to there.
  await appendBig(log, 12, 13);
  await log.append(batchOf('x'.repeat(2000)));
  expect(log.segments.at(-1)!.base).toMatchObject({ index: 3, term: 1 });
  await log.close();
  const again = await world.open();
  expect(again.checkpoints).toEqual([]);
});
