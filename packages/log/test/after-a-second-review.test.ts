import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectLog, type Log, type LogPosition, openLog, retentionStart } from '@commitlog/log';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { SeededRandom } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import {
  appendBig,
  appendEach,
  batchOf,
  big,
  quiet,
  readAround,
  refused,
  stampedAfter,
  valuesIn,
  valuesOf,
  World,
  words,
} from './world.js';

const behind = (index: number): LogPosition => ({ index, term: 2, nextOffset: index, appendTime: 0 });

describe('a reader whose batches are replaced by others of the same term and time', () => {
  const changes = [
    ['truncated', (log: Log) => log.truncateAfter(2)],
    ['reset', (log: Log) => log.reset({ index: 2, term: 1, nextOffset: 2, appendTime: 0 })],
  ] as const;

  // A slice read ahead was empty, its cursor had no place, and the follower went on behind what it had never read.
  it.each(changes)('given a follower that uses a slice while the log is %s, then it is refused', async (_, change) => {
    const log = await new World().open();
    await appendEach(log, 'a1', 'a2', 'a3', 'a4', 'a5');
    const following = log.slices({ from: 'start', follow: true });
    await following.next();
    await quiet();
    await change(log);
    await appendEach(log, 'b3', 'b4', 'b5', 'b6', 'b7');
    await refused(following.next(), 'out-of-range');
  });

  // What was read ahead before the log was truncated was yielded after it.
  it.each(changes)('given a slice that was read ahead before the log is %s, then it is refused', async (_, change) => {
    const log = await new World().open();
    await appendBig(log, 1, 6);
    const reading = log.slices({ from: 'start', maxBytes: 3000 });
    await reading.next();
    await quiet();
    await change(log).then(() => log.truncateAfter(2));
    if (log.start.index === 0) await log.truncateAfter(1);
    await appendBig(log, 7, 12);
    await refused(reading.next(), 'out-of-range');
  });

  it.each(changes)('given the cursor of an empty slice, when the log is %s, then it is refused', async (_, change) => {
    const log = await new World().open();
    await appendEach(log, 'a1', 'a2', 'a3');
    const read = await log.read({ from: 'start' });
    const polled = await log.read({ from: read.next });
    expect(polled.bytes.length).toBe(0);
    await change(log);
    await appendEach(log, 'b3', 'b4');
    await refused(log.read({ from: polled.next }), 'out-of-range');
    await refused(log.read({ from: read.next }), 'out-of-range');
  });

  it('given only what it has not read was truncated, then it reads what took its place, also of what was read ahead', async () => {
    const log = await new World().open();
    await appendBig(log, 1, 6);
    const reading = log.slices({ from: 'start', maxBytes: 3000 });
    const values = valuesIn((await reading.next()).value!.bytes);
    await quiet();
    await log.truncateAfter(values.length);
    await appendEach(log, 'new');
    for await (const { bytes } of reading) values.push(...valuesIn(bytes));
    expect(values.at(-1)).toBe('new');
    expect(values.slice(0, -1)).toEqual(words(1, values.length - 1));
  });
});

// A relative path was resolved anew by every operation.
it('given a relative directory, when the process changes its own, then the log stays where it was opened', async () => {
  const before = process.cwd();
  const root = await mkdtemp(join(tmpdir(), 'log-'));
  try {
    process.chdir(root);
    const log = await openLog({ dir: 'data', segmentBytes: 4096 }, { files: nodeFiles, clock: nodeClock });
    process.chdir('/');
    await appendBig(log, 1, 5);
    await log.close();
    const { segments } = await inspectLog({ dir: join(root, 'data') }, { files: nodeFiles });
    expect(segments.at(-1)!.end.index).toBe(5);
  } finally {
    process.chdir(before);
    await rm(root, { recursive: true });
  }
});

describe('a failed sync whose clean-up fails, too', () => {
  // The error of closing a file took the place of that of the sync, and the log went on.
  const after = { method: 'syncDirectory', code: 'EIO', after: 1 } as const;
  it.each([
    ['a roll', (log: Log): Promise<unknown> => log.append(big('x'))],
    ['a truncation', (log: Log) => log.truncateAfter(1)],
    ['a reset', (log: Log) => log.reset(behind(50))],
  ] as const)('given %s, then the log is fenced', async (_, change) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    world.disk.inject(after);
    world.disk.inject({ method: 'close', path: /\.log$/, code: 'EIO' });
    await refused(change(log), 'fenced');
    await refused(log.append(batchOf('y')), 'fenced');
  });

  it.each([
    [/MANIFEST\.new$/, 'remove', 'EROFS'],
    [/MANIFEST\.new$/, 'close', 'EIO'],
    [/-2\.log$/, 'remove', 'EROFS'],
    [/-2\.log$/, 'close', 'EIO'],
  ] as const)('given it was of %s, and then %s fails with %s, then the log is fenced', async (path, method, code) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    world.disk.inject({ method: 'sync', path, code: 'EIO' });
    world.disk.onOperation = (operation) => {
      if (operation.method !== 'sync' || !path.test(operation.path)) return;
      world.disk.onOperation = undefined;
      world.disk.inject({ method, path, code });
    };
    await refused(log.append(big('x')), 'fenced');
    expect(log.fencedBy?.code).toBe('fenced');
  });
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

// Every comparison with NaN is false, and the policy said: drop everything.
it.each([
  [{ ageMsMax: Number.NaN }, 0],
  [{ ageMsMax: -1 }, 0],
  [{ ageMsMax: '7d' as never }, 0],
  [{ bytesMax: Number.NaN }, 0],
  [{ bytesMax: -5 }, 0],
  [{ bytesMax: '1 GiB' as never }, 0],
  [{ ageMsMax: 1000 }, undefined as never],
])('given the retention policy %j at %s, then it is refused', async (policy, nowMs) => {
  const log = await new World().open();
  await appendBig(log, 1, 9);
  expect(() => retentionStart(log.segments, policy, nowMs)).toThrow(expect.objectContaining({ code: 'settings' }));
});

// The fields that were there were checked, and the log dropped before the missing one was met.
it.each([
  {},
  { index: 5 },
  { index: 5, nextOffset: 5 },
  { index: 5, term: 1, nextOffset: 5, appendTime: undefined },
  undefined,
  null,
])('given a reset to %j, then it is refused, and nothing is lost', async (position) => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  await refused(log.reset(position as never), 'settings');
  await refused(log.reset(behind(5), 'state' as never), 'settings');
  expect(await valuesOf(log)).toEqual(words(1, 9));
});

describe('a checkpoint hook that changes the log', () => {
  const changes: Record<string, (log: Log) => Promise<unknown>> = {
    truncateAfter: (log) => log.truncateAfter(1),
    trimBefore: (log) => log.trimBefore(2),
    reset: (log) => log.reset(behind(100)),
    mend: (log) => log.mend(1, () => expect.fail()),
    close: (log) => log.close(),
    appendStamped: (log) => log.appendStamped([stampedAfter(log.tail, big('inner'))]),
  };
  // The roll was decided for a log that was another one when it was carried out.
  it.each(Object.keys(changes))('given it calls %s, then that is refused, and the append is not', async (name) => {
    const world = new World();
    let inner: Promise<unknown> | undefined;
    const log = await world.open({
      checkpoint: () => {
        inner ??= changes[name]!(log).catch((error: unknown) => error);
        return undefined;
      },
    });
    await appendBig(log, 1, 5);
    expect(await inner).toMatchObject({ code: 'settings' });
    expect(await valuesOf(log)).toEqual(words(1, 5));
    await log.close();
    expect(await valuesOf(await world.open())).toEqual(words(1, 5));
  });

  // The queue was put back as it had been, without what the hook had asked for.
  it('given it throws in appendStamped after asking for a change, then both are told', async () => {
    let inner: Promise<unknown> | undefined;
    const log = await new World().open({
      checkpoint: () => {
        inner = log.trimBefore(2).catch((error: unknown) => error);
        throw new Error('hook');
      },
    });
    await appendBig(log, 1, 3);
    await expect(log.appendStamped([stampedAfter(log.tail, big('x'))])).rejects.toThrow('hook');
    expect(await inner).toMatchObject({ code: 'settings' });
  });

  // A string was stored as zeros, and a promise as nothing.
  it.each([async () => Buffer.from('s'), () => 'state', () => 7, () => null])(
    'given it is %s, then the append is refused, and says so',
    async (checkpoint) => {
      const log = await new World().open({ checkpoint: checkpoint as never });
      await appendBig(log, 1, 3);
      await refused(log.append(big('x')), 'settings');
      expect(log.checkpoints).toEqual([]);
    },
  );
});

describe('what the log gives away', () => {
  // The position that an append resolved to was the log's own tail.
  it('given its receiver changes it, then the log does not', async () => {
    const world = new World();
    const log = await world.open({
      checkpoint: (at) => {
        Object.assign(at, { index: 77 });
        return Buffer.from('s');
      },
    });
    const spoil = (given: object | undefined): void => {
      Object.assign(given!, { index: 41, nextOffset: 7, term: 9, position: 1 });
    };
    for (let number = 1; number <= 9; number += 1) {
      spoil(await log.append(big(`b${number}`)));
      spoil(await log.appendStamped([stampedAfter(log.tail, batchOf(`s${number}`))]));
      for (const given of [log.durable, log.tail, log.start, log.firstOnDisk]) spoil(given);
      for (const { base, end } of log.segments) [base, end].forEach(spoil);
      for (const index of [0, log.durable.index]) spoil(await log.positionAt(index));
    }
    log.checkpoints.forEach(spoil);
    const values = await valuesOf(log);
    expect(values.length).toBe(18);
    expect(await log.readCheckpoint(log.checkpoints[0]!)).toEqual(Buffer.from('s'));
    await log.close();
    const again = await world.open();
    expect([await valuesOf(again), again.damage]).toEqual([values, []]);
  });

  it('given a hard state that its owner changes after the call, then what was saved is as it was', async () => {
    const world = new World();
    const log = await world.open();
    const state = { term: 4, vote: 'c', commitHint: 0, storageId: '0'.repeat(32) };
    const saved = log.saveHardState(state);
    state.vote = 'd';
    await saved;
    expect(log.hardState.vote).toBe('c');
    Object.assign(log.hardState, { vote: 'e' });
    expect(log.hardState.vote).toBe('c');
    await log.close();
    expect((await world.open()).hardState.vote).toBe('c');
  });
});

describe('a change that is done', () => {
  // It rejected, and whoever tried again, or did not, was wrong.
  it.each([
    ['a truncation', (log: Log): Promise<unknown> => log.truncateAfter(1)],
    ['a reset', (log: Log) => log.reset(behind(50))],
    ['an append that rolls', (log: Log) => log.append(big('x'))],
  ] as const)('given %s, and SYNCED cannot be written, then it resolves', async (_, change) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    // The first group after it must write its mark, and can.
    world.disk.inject({ method: 'write', path: /SYNCED$/, code: 'EIO' });
    await change(log);
    await log.append(batchOf('y'));
    const values = await valuesOf(log);
    expect(values.at(-1)).toBe('y');
    await log.close();
    expect(await valuesOf(await world.open())).toEqual(values);
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

describe('the append time', () => {
  const day = 24 * 3600_000;
  // The time at which a refused append came was kept for the next one, whenever that was.
  it('given an append that was refused, when the next comes a day later, then it is stamped with its own time', async () => {
    const world = new World();
    const log = await world.open();
    await refused(log.append(batchOf('x'), { term: Number.MAX_SAFE_INTEGER + 1 }), 'invalid-batch');
    world.clock.advance(day);
    expect((await log.append(batchOf('a'))).appendTime).toBe(world.clock.wallMs());
  });
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

describe('a disk that fails a read just once', () => {
  // The error named the hole in front of it, or the whole segment, and whoever skips what is damaged went back.
  it.each([true, false])('given damage elsewhere: %s, then the read brings what is there', async (isDamaged) => {
    const world = new World();
    const log = await world.open({ segmentBytes: 2 ** 20 });
    await appendBig(log, 1, 12);
    if (isDamaged) {
      world.damage(log, 2, 'body');
      await refused(log.read({ from: { index: 2 } }), 'damaged');
    }
    const { next } = await log.read({ from: { index: 8 }, maxBytes: 1 });
    world.disk.inject({ method: 'read', path: /\.log$/, code: 'EIO', times: 3 });
    expect(valuesIn((await log.read({ from: next, maxBytes: 1 })).bytes)).toEqual(['b9']);
    expect(log.damage.map(({ firstIndex, lastIndex }) => [firstIndex, lastIndex])).toEqual(isDamaged ? [[2, 2]] : []);
  });
});

// A cache that could not be closed failed the append, with an error that was none of this package's.
it.each([/\.index$/, /MANIFEST\.new$/, /-1\.log$/])(
  'given %s cannot be closed, then the append is taken',
  async (path) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    world.disk.inject({ method: 'close', path, code: 'EIO' });
    await log.append(big('b4'));
    expect(await valuesOf(log)).toEqual(words(1, 4));
  },
);

// They were TypeErrors, and append threw where it should have rejected.
it('given arguments that are none, then they are refused in this package’s words', async () => {
  const log = await new World().open();
  const any = log as never as Record<string, (argument?: unknown) => Promise<unknown>>;
  for (const batch of [undefined, 'text', { value: Buffer.from('x') }, [batchOf('x')]]) {
    expect((await refused(any.append!(batch), 'invalid-batch')).message).toMatch(/encodeBatch/);
    await refused(any.appendStamped!(Array.isArray(batch) ? [batch] : batch), 'invalid-batch');
  }
  for (const from of [undefined, null, 'begin', 5, {}]) {
    expect((await refused(any.read!({ from }), 'settings')).message).toMatch(/'start', 'end'/);
    await refused(log.records({ from: from as never }).next(), 'settings');
  }
  await refused(any.read!(), 'settings');
  await refused(any.saveHardState!({ term: 1, commitHint: 0, storageId: '0'.repeat(32) }), 'settings');
  for (const setting of [{ segmentBytes: 8192n }, { create: 'no' }, { checkpoint: 'x' }]) {
    await refused(new World().open(setting as never), 'settings');
  }
});

// Every name in the directory was opened: a pipe never answered, and a dangling link failed.
it('given strangers in the directory, and files that vanish, when it is inspected, then it says what the log’s files are', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 4);
  await log.close();
  world.place('pipe', Buffer.from('x'));
  const vanishing = world.names.find((name) => name.endsWith('.index'))!;
  const opened: string[] = [];
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'open') opened.push(path);
  };
  world.disk.inject({ method: 'open', path: /\.index$/, code: 'ENOENT' });
  const { files } = await inspectLog({ dir: '/log' }, { files: world.disk.files });
  expect(files.map(({ name }) => name)).not.toContain(vanishing);
  expect(files.map(({ name }) => name)).toContain('MANIFEST');
  expect(opened).not.toContain('/log/pipe');
});

describe('what the mark and the copies are for', () => {
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

  // The write that failed may have spoilt the first copy: the next save must not begin with the only good one.
  it('given a save whose second copy fails, when the next is torn by a power cut, then one of the two states is there', async () => {
    const world = new World();
    const log = await world.open();
    const state = (term: number) => ({ term, vote: `v${term}`, commitHint: 0, storageId: '0'.repeat(32) });
    await log.saveHardState(state(1));
    world.disk.inject({ method: 'write', path: /HARDSTATE$/, code: 'EIO', after: 1, writtenBytes: 100 });
    await refused(log.saveHardState(state(2)), 'io');
    const writes: number[] = [];
    world.disk.onOperation = ({ method, path }) => {
      if (method === 'sync' && path.endsWith('HARDSTATE')) writes.push(world.disk.operationCount);
      if (writes.length === 1) world.disk.cutPower();
    };
    await log.saveHardState(state(3)).catch(() => {});
    for (const { disk } of world.disk.crashStates({ random: new SeededRandom('copies'), variantsMax: 20 })) {
      const { hardState } = await new World(disk).open();
      expect([2, 3]).toContain(hardState.term);
    }
  });
});
