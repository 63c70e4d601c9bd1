import { SeededRandom, type SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { appendBig, batchOf, big, quiet, refused, valuesOf, World } from './world.js';

const random = new SeededRandom('after a failure');

/** The worlds that a power cut now may leave. */
function* afterPowerCut(disk: SimulatedDisk): Generator<World> {
  for (const { disk: cut } of disk.crashStates({ random, variantsMax: 6 })) yield new World(cut);
}

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

it('given a file that cannot be closed, when the log is reset and appended to, then what is acknowledged can be read', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  await valuesOf(log);
  world.disk.inject({ method: 'close', path: /\.log$/, code: 'EIO', times: 3 });
  await log.reset({ index: 100, term: 3, nextOffset: 100, appendTime: 0 });
  await log.append(batchOf('a'));
  expect(await valuesOf(log)).toEqual(['a']);
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

it('given no descriptors left for syncing the directory, when a segment is to be begun, then the append is refused, and the log goes on', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 3);
  world.disk.inject({ method: 'syncDirectory', code: 'EMFILE' });
  await refused(log.append(big('b4')), 'too-many-files');
  await log.append(big('b4'));
  expect(log.tail.index).toBe(4);
});

it('given a checkpoint hook that appends, then that append is refused, and no index is given twice', async () => {
  const world = new World();
  let inner: Promise<unknown> | undefined;
  const log = await world.open({
    checkpoint: () => {
      inner = log.append(batchOf('inner')).catch((error: unknown) => error);
      return undefined;
    },
  });
  await appendBig(log, 1, 4);
  expect(await inner).toMatchObject({ code: 'settings' });
  expect(log.tail.index).toBe(4);
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
