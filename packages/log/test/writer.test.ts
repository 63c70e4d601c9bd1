import { encodeBatch } from '@commitlog/record';
import { describe, expect, it } from 'vitest';
import { appendBig, appendEach, batchOf, big, quiet, refused, valuesOf, World, words } from './world.js';

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

  const day = 24 * 3600_000;
  // The time at which a refused append came was kept for the next one, whenever that was.
  it('given an append that was refused, when the next comes a day later, then it is stamped with its own time', async () => {
    const world = new World();
    const log = await world.open();
    await refused(log.append(batchOf('x'), { term: Number.MAX_SAFE_INTEGER + 1 }), 'invalid-batch');
    world.clock.advance(day);
    expect((await log.append(batchOf('a'))).appendTime).toBe(world.clock.wallMs());
  });

  it('given a clock that knows fractions of a millisecond, then append times are whole ones', async () => {
    const world = new World();
    const log = await world.open();
    const wholeMs = world.clock.wallMs();
    world.clock.wallMs = () => wholeMs + 0.75;
    expect((await log.append(batchOf('a'))).appendTime).toBe(wholeMs);
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

// They were subtracted twice, and more could wait than may.
it('given a refused group, a truncation and appends in turn, then no more may wait than before', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 2 ** 20, pendingBytesMax: 32 * 1024 });
  await log.append(big('a'));
  const takenAtOnce = async (): Promise<number> => {
    const stall = world.disk.stallSyncs();
    await quiet();
    const appends = Array.from({ length: 100 }, () => log.append(big('z')));
    const settled = Promise.allSettled(appends);
    await quiet();
    stall.end();
    return (await settled).filter(({ status }) => status === 'fulfilled').length;
  };
  const before = await takenAtOnce();
  world.disk.inject({ method: 'write', path: /\.log$/, code: 'ENOSPC' });
  const failing = refused(log.append(big('x')), 'no-space');
  const cut = log.truncateAfter(1);
  const inTurn = Promise.allSettled(Array.from({ length: 28 }, (_, at) => log.append(big(`t${at}`))));
  await Promise.all([failing, cut, inTurn]);
  expect(await takenAtOnce()).toBe(before);
});

it('given a truncation under way, when more is appended than may wait, then it is refused', async () => {
  const world = new World();
  const log = await world.open({ pendingBytesMax: 4096 });
  await appendBig(log, 1, 2);
  const stall = world.disk.stallSyncs();
  const truncated = log.truncateAfter(1);
  const appends = Array.from({ length: 10 }, (_, at) =>
    log.append(big(`c${at}`)).then(
      () => 'taken',
      (error) => error.code,
    ),
  );
  await quiet();
  stall.end();
  await truncated;
  const outcomes = await Promise.all(appends);
  expect(outcomes.filter((outcome) => outcome === 'taken').length).toBe(3);
  expect(outcomes.filter((outcome) => outcome === 'overloaded').length).toBe(7);
});

describe('an owner that changes a batch before its append has settled', () => {
  it.each([
    ['changed', (batch: Buffer) => void batch.fill(0xff)],
    ['given away', (batch: Buffer) => void structuredClone(batch.buffer, { transfer: [batch.buffer as ArrayBuffer] })],
  ])(
    'given it is %s during the sync, then it is stored as it was, and appends, look-ups and close go on',
    async (_, change) => {
      const world = new World();
      const log = await world.open({ segmentBytes: 1 << 20 });
      // In memory of its own, so that it can be given away.
      const batch = Buffer.from(new Uint8Array(batchOf('a')).buffer);
      const stall = world.disk.stallSyncs();
      const appended = log.append(batch);
      await quiet();
      change(batch);
      stall.end();
      expect((await appended).index).toBe(1);
      await appendEach(log, 'b');
      expect(await valuesOf(log)).toEqual(['a', 'b']);
      expect(await valuesOf(log, { time: 0 })).toEqual(['a', 'b']);
      await log.close();
      expect(await valuesOf(await world.open({ segmentBytes: 1 << 20 }))).toEqual(['a', 'b']);
    },
  );

  it.each(['write', 'sync'] as const)(
    'given it is given away, and the %s fails, then everybody is told, and close ends',
    async (method) => {
      const world = new World();
      const log = await world.open({ segmentBytes: 1 << 20 });
      const batch = Buffer.from(new Uint8Array(batchOf('a')).buffer);
      world.disk.inject({ method, path: /\.log$/, code: 'ENOSPC' });
      const appended = [log.append(batch), log.append(batchOf('b'))];
      structuredClone(batch.buffer, { transfer: [batch.buffer as ArrayBuffer] });
      const settled = await Promise.allSettled(appended);
      expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      await log.append(batchOf('c')).catch(() => {});
      await log.close();
    },
  );
});
