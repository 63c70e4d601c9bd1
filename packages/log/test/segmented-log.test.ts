import { expect, it } from 'vitest';
import {
  appendBig,
  appendEach,
  batchesOf,
  batchOf,
  behind,
  big,
  quiet,
  refused,
  stampedAfter,
  valuesIn,
  valuesOf,
  World,
  words,
} from './world.js';

it('given a truncation under way, when something is appended, then it waits, and follows the new tail', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const stall = world.disk.stallSyncs();
  const truncated = log.truncateAfter(4);
  await quiet();
  const appended = [log.append(big('c5')), log.append(big('c6'))];
  await quiet();
  expect(log.tail.index).toBe(9);
  stall.end();
  await truncated;
  expect((await Promise.all(appended)).map(({ index }) => index)).toEqual([5, 6]);
  expect(await valuesOf(log)).toEqual([...words(1, 4), 'c5', 'c6']);
});

it('given a truncation that fails, then appends that waited for it follow the old tail', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 5);
  world.disk.inject({ method: 'write', path: /MANIFEST\.new$/, code: 'ENOSPC' });
  const truncated = refused(log.truncateAfter(2), 'no-space');
  const appended = log.append(big('b6'));
  await truncated;
  expect((await appended).index).toBe(6);
  expect(await valuesOf(log)).toEqual(words(1, 6));
});

it('given a reset under way, when something is appended, then it follows the position', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 5);
  const reset = log.reset({ index: 100, term: 3, nextOffset: 500, appendTime: 0 });
  const appended = log.append(batchOf('new'));
  await reset;
  expect(await appended).toMatchObject({ index: 101, term: 3, baseOffset: 500 });
  expect(await valuesOf(log)).toEqual(['new']);
});

it('given a log that is trimmed while it is read, then a reader gets every batch in order, or is told that it is out of range', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 20);
  const values: string[] = [];
  const reading = (async () => {
    for (let next: { index: number } = { index: 1 }; ; ) {
      const slice = await log.read({ from: next, maxBytes: 1 });
      if (slice.bytes.length === 0) return;
      values.push(`b${next.index}`);
      next = slice.next;
    }
  })();
  await log.trimBefore(10);
  const code = await reading.then(
    () => 'all was read',
    (error: { code: string }) => error.code,
  );
  expect(['all was read', 'out-of-range']).toContain(code);
  expect(values).toEqual(words(1, values.length));
  expect(await valuesOf(log)).toEqual(words(10, 20));
});

it('given a log that is truncated while it is read, then no reader sees half a batch or an error of the disk', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 20);
  const reads = Array.from({ length: 20 }, (_, at) => log.read({ from: { index: at + 1 }, maxBytes: 1 }));
  await log.truncateAfter(5);
  const outcomes = reads.map((read) =>
    read.then(
      ({ bytes }) => valuesIn(bytes).join(),
      (error: { code: string }) => error.code,
    ),
  );
  for (const [at, outcome] of (await Promise.all(outcomes)).entries()) {
    expect([`b${at + 1}`, '', 'out-of-range']).toContain(outcome);
  }
  expect(log.damage).toEqual([]);
});

it('given appends under way, when the log is closed, then they become durable first, and later ones are refused', async () => {
  const world = new World();
  const log = await world.open();
  const stall = world.disk.stallSyncs();
  const appended = Array.from({ length: 8 }, (_, at) => log.append(big(`b${at + 1}`)));
  await quiet();
  const closed = log.close();
  const late = refused(log.append(batchOf('late')), 'closed');
  await quiet();
  stall.end();
  await Promise.all([...appended, closed, late]);
  expect(await valuesOf(await world.open())).toEqual(words(1, 8));
});

it('given changes and a hard state under way, when the log is closed, then they are done first', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const changes = [
    log.trimBefore(3),
    log.truncateAfter(6),
    log.saveHardState({ ...log.hardState, term: 8 }),
    log.close(),
  ];
  await Promise.all(changes);
  const again = await world.open();
  expect(again.hardState.term).toBe(8);
  expect(await valuesOf(again)).toEqual(words(3, 6));
});

it('given a log that was closed, then no file is open, nothing is locked, and no timer is left', async () => {
  const world = new World();
  const open = new Map<string, number>();
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'open') open.set(path, (open.get(path) ?? 0) + 1);
    if (method === 'close') open.set(path, (open.get(path) ?? 0) - 1);
  };
  const log = await world.open();
  await appendBig(log, 1, 12);
  await valuesOf(log);
  await log.truncateAfter(8);
  await log.trimBefore(5);
  await log.close();
  expect([...open.values()].every((count) => count === 0)).toBe(true);
  expect(world.clock.nextTimerMs()).toBeUndefined();
  await (await world.open()).close();
});

// A slow or starved consumer: others unharmed: etcd 17529.
it('given 1,000 idle followers, when one batch is appended, then each of them gets it, and nobody polled', async () => {
  const world = new World();
  const log = await world.open();
  await appendEach(log, 'old');
  const followers = Array.from({ length: 1000 }, () => log.records({ from: 'end', follow: true }));
  const waiting = followers.map((follower) => follower.next());
  await quiet();
  const before = world.disk.operationCount;
  await quiet();
  expect(world.disk.operationCount).toBe(before);
  await appendEach(log, 'news');
  for (const { value } of await Promise.all(waiting)) expect(value?.value.toString()).toBe('news');
  for (const follower of followers) await follower.return();
});

// An idle consumer must never travel back nor skip: etcd 15271.
it('given a follower, when batches come across many segments, then it meets each once', async () => {
  const world = new World();
  const log = await world.open();
  const met: number[] = [];
  const following = (async () => {
    for await (const { offset } of log.records({ from: 'start', follow: true, maxBytes: 1500 })) {
      met.push(offset);
      if (offset === 59) return;
    }
  })();
  for (let round = 0; round < 12; round += 1) {
    await Promise.all(Array.from({ length: 5 }, (_, at) => log.append(big(`b${round * 5 + at}`))));
  }
  await following;
  expect(met).toEqual(Array.from({ length: 60 }, (_, at) => at));
});

// Twenty single appends at once: twenty offsets, not one: platformatic/kafka 326.
it('given twenty appends at once, then each has an offset of its own', async () => {
  const log = await new World().open();
  const appended = await Promise.all(Array.from({ length: 20 }, (_, at) => log.append(batchOf(`${at}`))));
  expect(appended.map(({ baseOffset }) => baseOffset)).toEqual(Array.from({ length: 20 }, (_, at) => at));
});

it('given a batch that somebody changes after it was appended and confirmed, then what is read is what was appended', async () => {
  const log = await new World().open();
  const batch = batchOf('kept');
  await log.append(batch);
  const before = (await batchesOf(log)).get(1)!;
  batch.fill(0);
  expect((await batchesOf(log)).get(1)!.equals(before)).toBe(true);
});

it('given checkpoints, when one is damaged on disk, then it is not handed out, and the log is otherwise whole', async () => {
  const world = new World();
  const log = await world.open({ checkpoint: ({ index }) => Buffer.from(`up to ${index}`) });
  await appendBig(log, 1, 9);
  const [first, second] = log.checkpoints;
  world.flip(world.names.find((name) => name.startsWith('CHECKPOINT'))!, 26);
  expect(await log.readCheckpoint(first!)).toBeUndefined();
  expect((await log.readCheckpoint(second!))?.toString()).toBe('up to 6');
  await world.remove(world.names.findLast((name) => name.startsWith('CHECKPOINT'))!);
  expect(await log.readCheckpoint(second!)).toBeUndefined();
  expect(await valuesOf(log)).toEqual(words(1, 9));
});

it('given two truncations at once, and appends between them, then each happens in its turn', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const first = log.truncateAfter(7);
  const between = log.append(batchOf('between'));
  const second = log.truncateAfter(3);
  const after = log.append(batchOf('after'));
  await Promise.all([first, second, after]);
  expect(await between).toMatchObject({ index: 8 });
  expect(await valuesOf(log)).toEqual([...words(1, 3), 'after']);
});

it('given a reader that waits at the end, when what it read is truncated, then it is told, and does not go on over the new batches', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 5);
  const reading = (async () => {
    for await (const _ of log.slices({ from: 'start', follow: true }));
  })();
  const told = reading.catch((error: unknown) => error);
  await quiet();
  await log.truncateAfter(3);
  await appendBig(log, 6, 9);
  expect(await told).toMatchObject({ code: 'out-of-range' });
});

it('given a reader between two reads, when what it read is truncated and other batches take the place, then its next read is refused', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 5);
  const { next } = await log.read({ from: { index: 5 } });
  expect(next.index).toBe(6);
  await log.truncateAfter(3);
  world.clock.advance(1000);
  await appendBig(log, 6, 9);
  await refused(log.read({ from: next }), 'out-of-range');
});

it('given a replica that never answers, when the log is closed while it is mended, then the log closes', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const { segmentId } = world.placeOf(log, 2);
  world.damage(log, 2, 'body');
  const mending = log.mend(segmentId, () => ({
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  }));
  const told = mending.catch((error: unknown) => error);
  await quiet();
  await log.close();
  expect(await told).toMatchObject({ code: 'closed' });
});

it('given a damaged batch before the new start, when the start is known from elsewhere, then the log is trimmed there all the same', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const known = await log.positionAt(5);
  world.damage(log, 5, 'header');
  await refused(log.trimBefore(6), 'damaged');
  await refused(log.trimBefore(7, known), 'settings');
  await log.trimBefore(6, known);
  expect(log.start).toEqual(known);
  expect(await valuesOf(log)).toEqual(words(6, 9));
  await log.close();
  expect(await valuesOf(await world.open())).toEqual(words(6, 9));
});

// It was written into the manifest, which could not be read again.
it.each([{ index: 2 }, { index: 2, term: Number.NaN, nextOffset: 2, appendTime: 1 }, null])(
  'given a start that is said to be known as %j, when the log is trimmed there, then it is refused, and the log opens again',
  async (known) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 9);
    await refused(log.trimBefore(3, known as never), 'settings');
    await log.close();
    expect(await valuesOf(await world.open())).toEqual(words(1, 9));
  },
);

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

// The position that an append resolved to was the log's own tail.
it('given what the log gave away, when its receiver changes it, then the log does not change', async () => {
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

// Until the truncation was done, what it had cut still counted as durable: a follower at the new end was told that there is more, found
// none, asked again, and gave nobody else a turn, the truncation least of all.
it('given a truncation whose last sync is under way, when somebody waits for what it has cut, then nothing is there yet', async () => {
  const world = new World();
  const log = await world.open();
  await appendEach(log, 'a', 'b', 'c', 'd');
  let stall: ReturnType<typeof world.disk.stallSyncs> | undefined;
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'sync' && path.endsWith('SYNCED')) stall ??= world.disk.stallSyncs();
  };
  const truncated = log.truncateAfter(2);
  await quiet();
  expect([stall !== undefined, log.durable.index]).toEqual([true, 2]);
  let isReached = false;
  const waiting = log.reached(3).then(() => {
    isReached = true;
  });
  await quiet();
  expect(isReached).toBe(false);
  const following = log.slices({ from: { index: 3 }, follow: true }).next();
  stall!.end();
  await truncated;
  await appendEach(log, 'new');
  await waiting;
  expect(valuesIn((await following).value!.bytes)).toEqual(['new']);
});

// The start was there at once, and the tail it was to go with a little later: between the two, the log began behind its end.
it('given a reset, whenever the log is looked at, then it does not begin behind its end', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 4);
  const seen = new Set<string>();
  const look = (): void => {
    const [start, durable, tail] = [log.start.index, log.durable.index, log.tail.index];
    seen.add(`${start} ${durable} ${tail}`);
  };
  world.disk.onOperation = look;
  await Promise.all([log.reset(behind(50)), log.reset(behind(2))]);
  look();
  expect([...seen]).toEqual(['0 4 4', '50 50 50', '2 2 2']);
});
