import type { Log } from '@commitlog/log';
import { describe, expect, it } from 'vitest';
import { LogDirectory } from '../src/directory.js';
import { FilePool } from '../src/file-pool.js';
import { readManifest, recover } from '../src/recovery.js';
import { appendBig, batchOf, behind, big, refused, valuesOf, World, words } from './world.js';

describe('a change that is done', () => {
  // It rejected, and whoever tried again, or did not, was wrong.
  it.each([
    ['a truncation', (log: Log): Promise<unknown> => log.truncateAfter(1)],
    ['a reset', (log: Log) => log.reset(behind(50))],
    ['an append that rolls', (log: Log) => log.append(big('x'))],
  ] as const)('given %s, and SYNCED cannot be written, or not a second time, then it resolves', async (_, change) => {
    for (const after of [0, 1]) await changes(change, after);
  });

  async function changes(change: (log: Log) => Promise<unknown>, after: number): Promise<void> {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    // The first group after it must write its mark, and can.
    world.disk.inject({ method: 'write', path: /SYNCED$/, code: 'EIO', after });
    await change(log);
    await log.append(batchOf('y'));
    const values = await valuesOf(log);
    expect(values.at(-1)).toBe('y');
    await log.close();
    expect(await valuesOf(await world.open())).toEqual(values);
  }

  it('given no descriptors left to make the removal of checkpoints durable, when the log is reset, then it resolves', async () => {
    const world = new World();
    const log = await world.open({ checkpoint: () => Buffer.from('s') });
    await appendBig(log, 1, 9);
    // The third sync of the directory is the one behind the change.
    const failing = world.disk.inject({ method: 'syncDirectory', code: 'EMFILE', after: 2 });
    await log.reset(behind(50));
    expect(failing.failedCount).toBe(1);
    expect([log.tail.index, log.checkpoints, log.fencedBy]).toEqual([50, [], undefined]);
  });

  it('given a checkpoint that cannot be removed, when the log is trimmed or reset, then it is, and the checkpoint is none', async () => {
    const world = new World();
    const log = await world.open({ checkpoint: () => Buffer.from('s') });
    await appendBig(log, 1, 12);
    const checkpoints = log.checkpoints.length;
    world.disk.inject({ method: 'remove', path: /CHECKPOINT/, code: 'EIO' });
    await log.trimBefore(9);
    expect(log.start.index).toBe(8);
    expect(log.checkpoints.length).toBeLessThan(checkpoints);
    world.disk.inject({ method: 'remove', path: /CHECKPOINT-0*9-/, code: 'EIO' });
    await log.reset(behind(50));
    expect([log.tail.index, log.checkpoints]).toEqual([50, []]);
    await log.close();
    await world.open();
    expect(world.names.filter((name) => name.startsWith('CHECKPOINT'))).toEqual([]);
  });
});

it('given a sync of the directory fails anywhere in a roll, then the log opens without damage, and without the batch', async () => {
  let after = 0;
  for (; ; after += 1) {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    const failing = world.disk.inject({ method: 'syncDirectory', code: 'EIO', after });
    const appended = await log.append(big('b4')).then(
      () => true,
      () => false,
    );
    if (failing.failedCount === 0) break;
    expect(appended).toBe(false);
    await log.close();
    const again = await world.open();
    expect(again.damage, `sync ${after}`).toEqual([]);
    expect(await valuesOf(again)).toEqual(words(1, 3));
    await again.close();
  }
  expect(after).toBeGreaterThan(1);
});

// The first of them was gone, and still listed.
it('given checkpoints behind the cut, of which one cannot be removed, when the truncation is refused, then those that are listed can be read', async () => {
  const world = new World();
  const log = await world.open({ checkpoint: ({ index }) => Buffer.from(`state of ${index}`) });
  await appendBig(log, 1, 10);
  expect(log.checkpoints.map(({ index }) => index)).toEqual([3, 6, 9]);
  world.disk.inject({ method: 'remove', path: /CHECKPOINT/, code: 'EIO', after: 1 });
  await refused(log.truncateAfter(4), 'io');
  const read = async (): Promise<(string | undefined)[]> =>
    Promise.all(log.checkpoints.map(async (key) => (await log.readCheckpoint(key))?.toString()));
  expect(await read()).toEqual(log.checkpoints.map(({ index }) => `state of ${index}`));
  expect(await valuesOf(log)).toEqual(words(1, 10));
  await log.truncateAfter(4);
  expect(await read()).toEqual(['state of 3']);
});

it('given a checkpoint where a segment begins, when the log is cut one batch before, then there is none any more', async () => {
  const world = new World();
  const log = await world.open({ checkpoint: ({ index }) => Buffer.from(`state of ${index}`) });
  await appendBig(log, 1, 7);
  expect(log.checkpoints.map(({ index }) => index)).toEqual([3, 6]);
  await log.truncateAfter(5);
  expect(log.checkpoints.map(({ index }) => index)).toEqual([3]);
  expect(world.names.filter((name) => name.startsWith('CHECKPOINT'))).toHaveLength(1);
  await appendBig(log, 6, 6);
  expect(log.checkpoints.map(({ index }) => index)).toEqual([3]);
});

// Each segment was compared with every other: with 20,000 of them, every roll took seconds.
it('given many segments, when the log is rolled, truncated or trimmed, then each is looked at a few times', async () => {
  const world = new World();
  const log = await world.open();
  for (let number = 1; number <= 200; number += 1) await log.append(batchOf(`b${number} ${'.'.repeat(4096)}`));
  await log.close();
  const directory = new LogDirectory('/log', world.disk.files);
  const home = { directory, pool: new FilePool(directory, 4), identity: { cluster: '0'.repeat(32), log: 0 } };
  const { segments } = await recover(home, await readManifest(home), world.names, async () => {});
  let looks = 0;
  for (const segment of segments.all) {
    const { id } = segment;
    Object.defineProperty(segment, 'id', {
      get() {
        looks += 1;
        return id;
      },
    });
  }
  const changes: (() => Promise<void>)[] = [
    () => segments.roll(undefined),
    () => segments.truncateAfter(segments.all[180]!, { position: 64, previous: segments.all[180]!.base }),
    () => segments.trimBefore(segments.all[40]!.base),
  ];
  for (const change of changes) {
    looks = 0;
    await change();
    expect(looks).toBeLessThan(10 * 200);
  }
  expect(segments.all).toHaveLength(141);
});
