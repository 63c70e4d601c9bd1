import { type FetchBatches, type Log, openLog } from '@commitlog/log';
import { describe, expect, it } from 'vitest';
import {
  appendBig,
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

interface Damaged {
  readonly world: World;
  readonly log: Log;
  /** As it was before it was damaged. */
  readonly whole: Map<number, Buffer>;
}

async function damaged(indexes: readonly number[], part: 'header' | 'body' = 'body'): Promise<Damaged> {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const whole = await batchesOf(log);
  const places = indexes.map((index) => world.placeOf(log, index));
  for (const { name, at } of places) world.flip(name, at + (part === 'header' ? 20 : 70));
  return { world, log, whole };
}

const from = (whole: Map<number, Buffer>): FetchBatches =>
  async function* (first, last) {
    for (let index = first; index <= last; index += 1) yield whole.get(index)!;
  };

it.each(['header', 'body'] as const)(
  'given a batch whose %s is damaged, when it is mended, then the log is as it was, after a restart too',
  async (part) => {
    const { world, log, whole } = await damaged([2], part);
    const asked: number[][] = [];
    const { damage } = await refused(log.read({ from: { index: 2 } }), 'damaged');
    await log.mend(damage!.segmentId, (first, last) => {
      asked.push([first, last]);
      return from(whole)(first, last);
    });
    expect(asked).toEqual([[2, 2]]);
    expect(log.damage).toEqual([]);
    expect(await batchesOf(log)).toEqual(whole);
    expect(log.segments.map(({ id }) => id)).not.toContain(damage!.segmentId);
    await log.close();
    const again = await world.open();
    expect(again.damage).toEqual([]);
    expect(await batchesOf(again)).toEqual(whole);
  },
);

it('given several holes, then each is asked for, whole batches in pieces of any size', async () => {
  const { log, whole } = await damaged([1, 3]);
  const { segmentId } = (await refused(log.read({ from: 'start' }), 'damaged')).damage!;
  const asked: number[][] = [];
  await log.mend(segmentId, async function* (first, last) {
    asked.push([first, last]);
    const parts = [];
    for (let index = first; index <= last; index += 1) parts.push(whole.get(index)!);
    yield Buffer.concat(parts);
  });
  expect(asked).toEqual([
    [1, 1],
    [3, 3],
  ]);
  expect(await batchesOf(log)).toEqual(whole);
});

it('given a segment whose file is missing, when it is mended, then all of it is fetched', async () => {
  const { world, log, whole } = await damaged([]);
  const { name, segmentId } = world.placeOf(log, 1);
  await log.close();
  await world.remove(name);
  const again = await world.open();
  await again.mend(segmentId, from(whole));
  expect(await batchesOf(again)).toEqual(whole);
});

it('given the last segment, when it is mended, then it is sealed first, and appends go on', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await appendBig(log, 1, 4);
  const whole = await batchesOf(log);
  const { segmentId } = world.placeOf(log, 2);
  world.damage(log, 2, 'body');
  const mending = log.mend(segmentId, from(whole));
  const appended = log.append(big('b5'));
  await Promise.all([mending, appended]);
  expect(await valuesOf(log)).toEqual(words(1, 5));
});

describe('given what was fetched is wrong, then mending is refused, and nothing has changed', () => {
  const wrong: Record<string, (whole: Map<number, Buffer>, log: Log) => readonly Buffer[]> = {
    nothing: () => [],
    'another batch': (whole) => [whole.get(4)!],
    'one too many': (whole) => [whole.get(2)!, whole.get(3)!],
    'half a batch': (whole) => [whole.get(2)!.subarray(0, 100)],
    'a damaged one': (whole) => {
      const batch = Buffer.from(whole.get(2)!);
      batch[90]! ^= 1;
      return [batch];
    },
    'another number of records': (_whole, log) => [
      stampedAfter(
        { ...log.firstOnDisk, index: 1, nextOffset: 1, term: 1, appendTime: log.tail.appendTime },
        batchOf('x', 'y'),
      ),
    ],
    'a later term than that of the batch behind': (_whole, log) => [
      stampedAfter(
        { ...log.firstOnDisk, index: 1, nextOffset: 1, term: 5, appendTime: log.tail.appendTime },
        batchOf('x'),
      ),
    ],
    'a later time than that of the batch behind': (_whole, log) => [
      stampedAfter(
        { ...log.firstOnDisk, index: 1, nextOffset: 1, term: 1, appendTime: log.tail.appendTime + 1 },
        batchOf('x'),
      ),
    ],
  };
  it.each(Object.keys(wrong))('such as %s', async (name) => {
    const { world, log, whole } = await damaged([2]);
    const { damage } = await refused(log.read({ from: { index: 2 } }), 'damaged');
    const before = world.snapshot;
    const pieces = wrong[name]!(whole, log);
    const error = await refused(
      log.mend(damage!.segmentId, async function* () {
        yield* pieces;
      }),
      'mend',
    );
    expect(error.message).toMatch(/replica/);
    expect(world.snapshot).toEqual(before);
    expect(log.damage).toEqual([damage]);
    expect((await readAround(log)).holes).toEqual([2]);
    // It can be tried again.
    await log.mend(damage!.segmentId, from(whole));
    expect(await batchesOf(log)).toEqual(whole);
  });
});

it('given whoever fetches fails, then mending fails with that error, and nothing is left behind', async () => {
  const { world, log } = await damaged([2]);
  const { damage } = await refused(log.read({ from: { index: 2 } }), 'damaged');
  const before = world.snapshot;
  const offline = new Error('the peer is gone');
  const mending = log.mend(damage!.segmentId, async function* (first, last) {
    yield* from(new Map())(last + 1, first);
    throw offline;
  });
  await expect(mending).rejects.toBe(offline);
  expect(world.snapshot).toEqual(before);
});

it('given no space for the copy, then mending is refused, and reads go on', async () => {
  const { world, log, whole } = await damaged([2]);
  const { damage } = await refused(log.read({ from: { index: 2 } }), 'damaged');
  const before = world.snapshot;
  world.disk.capacityBytes = world.disk.usedBytes + 500;
  await refused(log.mend(damage!.segmentId, from(whole)), 'no-space');
  expect(world.snapshot).toEqual(before);
  world.disk.capacityBytes = Number.POSITIVE_INFINITY;
  await log.mend(damage!.segmentId, from(whole));
  expect(await valuesOf(log)).toEqual(words(1, 9));
});

it('given a segment that is not part of the log, then mending is refused', async () => {
  const { log } = await damaged([]);
  await refused(log.mend(999, from(new Map())), 'mend');
});

it('given the log is closed while it is mended, then mending ends, nothing is half done, and the next start is whole', async () => {
  const { world, log, whole } = await damaged([2]);
  const { damage } = await refused(log.read({ from: { index: 2 } }), 'damaged');
  let closed: Promise<void> | undefined;
  const mending = log.mend(damage!.segmentId, async function* (first, last) {
    closed = log.close();
    yield* from(whole)(first, last);
  });
  await refused(mending, 'closed');
  await closed;
  const again = await world.open();
  expect(await readAround(again)).toEqual({ values: ['b1', ...words(3, 9)], holes: [2] });
});

it('given a reader in the middle of the segment, when it is mended, then the reader goes on in the new one', async () => {
  const { log, whole } = await damaged([3]);
  const { next } = await log.read({ from: 'start', maxBytes: 1 });
  const { segmentId } = (await refused(log.read({ from: { index: 3 } }), 'damaged')).damage!;
  await log.mend(segmentId, from(whole));
  const values: string[] = [];
  for await (const { value } of log.records({ from: next })) values.push(value.toString().split(' ')[0]!);
  expect(values).toEqual(words(2, 9));
});

it('given a segment that is trimmed while it is mended, when the mending is refused, then it says so, and no copy is left on the disk', async () => {
  const { world, log, whole } = await damaged([2]);
  const { segmentId } = world.placeOf(log, 2);
  const mending = log.mend(segmentId, async function* (first, last) {
    await log.trimBefore(7);
    yield* from(whole)(first, last);
  });
  expect(await mending.catch((error: unknown) => error)).toMatchObject({ code: 'mend' });
  const live = new Set(log.segments.map(({ id }) => id));
  const onDisk = world.names.filter((name) => name.endsWith('.log')).map((name) => Number(/-(\d+)\./.exec(name)![1]));
  expect(new Set(onDisk)).toEqual(live);
});

// "A failed sync becomes fenced, whatever the file": then the log says so, too.
it('given a mending whose sync fails, when its error says that the log takes no more writes, then the log takes none', async () => {
  const { world, log, whole } = await damaged([2]);
  const { segmentId } = world.placeOf(log, 2);
  world.disk.inject({ method: 'sync', path: /\.log$/, code: 'EIO', times: 1 });
  const error = (await log.mend(segmentId, from(whole)).catch((failed: unknown) => failed)) as { code: string };
  expect(log.fencedBy !== undefined).toBe(error.code === 'fenced');
});

it('given only the body of a batch is damaged, when a replica sends another batch of the same place, then it is refused: the header tells them apart', async () => {
  const { world, log, whole } = await damaged([2]);
  const { segmentId } = world.placeOf(log, 2);
  const other = new World();
  const forked = await openLog({ dir: '/log' }, { files: other.disk.files, clock: other.clock });
  await forked.append(big('b1'));
  await forked.append(big('not-b2'));
  const wrong = new Map(whole).set(2, (await batchesOf(forked)).get(2)!);
  await refused(log.mend(segmentId, from(wrong)), 'mend');
});

it('given an empty log, when it is mended and then appended to, then what is acknowledged can be read', async () => {
  const world = new World();
  const log = await world.open();
  await log.mend(log.segments[0]!.id, () => {
    throw new Error('nobody is asked for what is not missing');
  });
  await log.append(batchOf('a'));
  expect(await valuesOf(log)).toEqual(['a']);
  await log.close();
  expect(await valuesOf(await world.open())).toEqual(['a']);
});

it('given a mending that has only begun, when the log is closed, then it closes, and nobody is asked for anything', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const { segmentId } = world.placeOf(log, 2);
  world.damage(log, 2, 'body');
  let isAsked = false;
  const told = log
    .mend(segmentId, () => {
      isAsked = true;
      throw new Error('nobody is asked');
    })
    .catch((error: unknown) => error);
  await log.close();
  expect(await told).toMatchObject({ code: 'closed' });
  expect(isAsked).toBe(false);
});

it.each([
  ['nothing', undefined],
  ['an array', []],
  [
    'undefined in place of batches',
    (async function* () {
      yield undefined;
    })(),
  ],
  [
    'bytes that are no Buffer',
    (async function* () {
      yield new Uint8Array(100);
    })(),
  ],
])('given a fetch that yields %s, then the mending is refused, and nothing changes', async (_, fetched) => {
  const { world, log } = await damaged([2]);
  const { id } = log.segments[0]!;
  const before = world.bytesOf('MANIFEST');
  const error = await refused(
    log.mend(id, () => fetched as never),
    'mend',
  );
  expect(error.message).toMatch(/from fetch, got/);
  expect(world.bytesOf('MANIFEST')).toEqual(before);
});

it('given no function to fetch with, then mending is refused as a setting, and nothing changes', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 5);
  const before = world.snapshot;
  expect((await refused(log.mend(log.segments[0]!.id, undefined as never), 'settings')).message).toContain('fetch');
  expect(world.snapshot).toEqual(before);
});
