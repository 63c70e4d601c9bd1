import { batchTypes, type RecordView, typeOf } from '@commitlog/record';
import { describe, expect, test } from 'vitest';
import type { ReadFrom, ReplicatedLog } from '../src/index.js';
import { batchOf, Logs, valuesIn } from './logs.js';

/** Ten batches of two records each, 100 ms apart. */
async function filled(seed: string): Promise<Logs> {
  const logs = await new Logs(seed).startAll();
  const log = await logs.leading();
  for (let at = 0; at < 20; at += 2) {
    await logs.settled(log.append(batchOf([`${at}`, `${at + 1}`])));
    await logs.pass(100);
  }
  await logs.settle();
  return logs;
}

async function offsets(logs: Logs, log: ReplicatedLog, from: ReadFrom): Promise<number[]> {
  const all = async (): Promise<number[]> => {
    const found: number[] = [];
    for await (const { offset, value } of log.records({ from })) {
      expect(`${value}`).toBe(`${offset}`);
      found.push(offset);
    }
    return found;
  };
  return await logs.settled(all());
}

function upTo20(first: number): number[] {
  return Array.from({ length: 20 - first }, (_, at) => first + at);
}

describe('given a log of twenty records, on every member', () => {
  test.each<[string, ReadFrom, number]>([
    ['the start', 'start', 0],
    ['the end', 'end', 20],
    ['an offset', { offset: 4 }, 4],
    ['an offset within a batch', { offset: 7 }, 7],
    ['the offset behind the last', { offset: 20 }, 20],
    ['the last three', { last: 3 }, 17],
    ['more than there are', { last: 1000 }, 0],
    ['none of the last', { last: 0 }, 20],
    ['before all times', { time: 0 }, 0],
    ['after all times', { time: 9e12 }, 20],
  ])('when it is read from %s, then all from there on are read', async (_what, from, first) => {
    const logs = await filled('from');
    for (const log of logs.logs) expect(await offsets(logs, log!, from)).toEqual(upTo20(first));
    await logs.stop();
  });

  test.each<[string, ReadFrom, number]>([
    ['at the end', 'end', 20],
    ['within a batch', { last: 3 }, 17],
    ['after all times', { time: 9e12 }, 20],
  ])(
    'when a reader who wants to be told begins %s, then an empty run tells where that is',
    async (_what, from, first) => {
      const logs = await filled('told');
      for (const log of logs.logs) {
        const reader = log!.read({ from, follow: true, tellsBeginning: true });
        const { value } = await logs.settled(reader.next());
        expect(value).toMatchObject({ firstOffset: first, nextOffset: first });
        expect(value!.bytes).toHaveLength(0);
        await reader.return();
      }
      await logs.stop();
    },
  );

  test('when it is read from the time that an append was acknowledged with, then it begins with that batch', async () => {
    const logs = await filled('time');
    const log = await logs.leading();
    const { time, offset } = await logs.settled(log.append(batchOf(['20'])));
    for (const [at, from] of [time, time - 1, time - 99].entries()) {
      expect([at, (await offsets(logs, log, { time: from }))[0]]).toEqual([at, offset]);
    }
    await logs.stop();
  });

  test.each([
    [{ offset: 21 }, 'out-of-range'],
    [{ offset: -1 }, 'invalid'],
    [{ offset: 1.5 }, 'invalid'],
    [{ offset: 2 ** 53 }, 'invalid'],
    [{ last: -1 }, 'invalid'],
    [{ time: Number.NaN }, 'invalid'],
    [{}, 'invalid'],
  ])('when it is read from %j, then that is refused as %s', async (from, code) => {
    const logs = await filled('refused');
    for (const log of logs.logs) {
      await expect(offsets(logs, log!, from as ReadFrom)).rejects.toMatchObject({ code });
    }
    await expect(offsets(logs, logs.logs[0]!, { offset: 21 })).rejects.toMatchObject({
      requested: 21,
      first: 0,
      end: 20,
    });
    await logs.stop();
  });

  test('when it is read in slices, then they hold whole batches of data and nothing else, and no more than was asked for', async () => {
    const logs = await filled('slices');
    const log = logs.logs[1]!;
    const found: [number, number][] = [];
    const read = async (): Promise<void> => {
      for await (const { bytes, firstOffset, nextOffset } of log.read({ from: { offset: 3 }, maxBytes: 200 })) {
        expect(bytes.length).toBeLessThanOrEqual(200);
        expect(typeOf(bytes)).toBe(batchTypes.data);
        found.push([firstOffset, nextOffset]);
      }
    };
    await logs.settled(read());
    expect(found[0]![0]).toBe(3);
    expect(found.slice(1).map(([first]) => first)).toEqual(found.slice(0, -1).map(([, next]) => next));
    expect(found.at(-1)![1]).toBe(20);
    await logs.stop();
  });
});

describe('given somebody who was told an offset', () => {
  test('when a member that is behind is asked for it, then it waits until it has it', async () => {
    const logs = await filled('told');
    const leader = await logs.leader();
    const behind = (leader + 1) % 3;
    logs.cutOff(behind);
    const { offset } = await logs.settled(logs.logs[leader]!.append(batchOf(['20'])));
    expect(logs.logs[behind]!.endOffset).toBe(offset);
    const read = offsets(logs, logs.logs[behind]!, { offset });
    logs.heal();
    expect(await read).toEqual([20]);
    await logs.stop();
  });

  test('when that member reaches no leader, then it says that it does not know, and not that there is no such offset', async () => {
    const logs = await filled('unknown');
    const behind = ((await logs.leader()) + 1) % 3;
    logs.cutOff(behind);
    for (const offset of [20, 25]) {
      await expect(offsets(logs, logs.logs[behind]!, { offset })).rejects.toMatchObject({ code: 'unconfirmed' });
    }
    expect(await offsets(logs, logs.logs[behind]!, { offset: 19 })).toEqual([19]);
    logs.heal();
    await logs.stop();
  });
});

// etcd 20418: a leader that was away answered reads from before.
test('given a deposed leader that does not know it, when a linearizable read is asked of it, then it holds what others have appended since, or fails', async () => {
  const logs = await filled('linearizable');
  const leader = await logs.leader();
  const old = logs.logs[leader]!;
  logs.cutOff(leader);
  const read = async (): Promise<number[]> => {
    const found: number[] = [];
    for await (const { offset } of old.records({ from: { last: 1 }, linearizable: true })) found.push(offset);
    return found;
  };
  const stale = read();
  stale.catch(() => {});
  const next = await logs.leading(leader);
  const { offset } = await logs.settled(next.append(batchOf(['20'])));
  const fresh = read();
  logs.heal();
  expect(await logs.settled(fresh)).toEqual([offset]);
  expect(await logs.settled(stale)).toEqual([offset]);
  await logs.stop();
});

test('given a reader who follows, then it is given what is committed, as it is, and nothing before', async () => {
  const logs = await new Logs('follow').startAll();
  const leader = await logs.leader();
  const seen: string[][] = [[], [], []];
  const ending = new AbortController();
  const follow = async (log: ReplicatedLog, into: string[]): Promise<void> => {
    for await (const { value } of log.records({ from: 'end', follow: true, signal: ending.signal }))
      into.push(`${value}`);
  };
  const reading = logs.logs.map((log, at) => follow(log!, seen[at]!));
  for (const each of reading) each.catch(() => {});
  await logs.pass(100);
  await logs.settled(logs.logs[leader]!.append(batchOf(['tea', 'milk'])));
  await logs.settle();
  expect(seen).toEqual([
    ['tea', 'milk'],
    ['tea', 'milk'],
    ['tea', 'milk'],
  ]);
  logs.cutOff(leader);
  const lost = logs.logs[leader]!.append(batchOf(['never committed']));
  lost.catch(() => {});
  await logs.pass(100);
  expect(seen[leader]).toEqual(['tea', 'milk']);
  expect(await valuesIn(logs.logs[leader]!)).toEqual(['0 tea', '1 milk']);
  expect(logs.logs[leader]!.endOffset).toBe(2);
  await logs.settled((await logs.leading(leader)).append(batchOf(['sugar'])));
  logs.heal();
  await logs.settle();
  // A reader is woken by the commit, and then reads the disk.
  await logs.until('everybody has read it', () => seen.every(({ length }) => length > 2));
  expect(seen.map((values) => values.join())).toEqual(Array.from(seen, () => 'tea,milk,sugar'));
  const reason = new Error('enough');
  ending.abort(reason);
  for (const each of reading) await expect(each).rejects.toBe(reason);
  await logs.stop();
});

test('given a thousand readers at the end, then nothing is done for them until something is committed, and then all have it', async () => {
  const logs = await filled('thousand');
  const log = await logs.leading();
  const ending = new AbortController();
  const readers = Array.from({ length: 1000 }, () => log.records({ from: 'end', follow: true, signal: ending.signal }));
  const first = readers.map((reader) => reader.next());
  // By then the log has noted what is synced.
  await logs.pass(1500);
  const operations = logs.disks.map((disk) => disk.operationCount);
  await logs.pass(10_000);
  expect(logs.disks.map((disk) => disk.operationCount)).toEqual(operations);
  await logs.settled(log.append(batchOf(['tea'])));
  const got = (await logs.settled(Promise.all(first))) as IteratorResult<RecordView>[];
  expect(got.filter(({ value }) => `${value.value}` === 'tea').length).toBe(1000);
  ending.abort();
  await logs.stop();
});

test('given a batch that cannot be read on one member, then a reader there is told, and it is there again after a while', async () => {
  const logs = await new Logs('rot').startAll();
  const log = await logs.leading();
  for (let at = 0; at < 30; at += 1) await logs.settled(log.append(batchOf([`${at}`.padEnd(1000, '.')])));
  await logs.settle();
  const at = ((await logs.leader()) + 1) % 3;
  await logs.cutPower(at, 'kept');
  const path = logs.disks[at]!.paths().find((each) => each.endsWith('-1.log'))!;
  logs.disks[at]!.flipBit(path, 5000 * 8);
  const damaged = await logs.start(at);
  const read = async (): Promise<number> => {
    let count = 0;
    for await (const { value } of damaged.records({ from: 'start' }))
      count += value.toString().startsWith(`${count}.`) ? 1 : 0;
    return count;
  };
  await expect(logs.settled(read())).rejects.toMatchObject({ code: 'damaged' });
  await logs.pass(1000);
  expect(await logs.settled(read())).toBe(30);
  await logs.stop();
});

test('given a reader at the end of a member that hears at once of batches without records and that everything is trimmed, then it goes on', async () => {
  const logs = await filled('trimmed behind');
  const leader = await logs.leader();
  const at = (leader + 1) % 3;
  const reader = logs.logs[at]!.records({ from: { offset: 19 }, follow: true });
  expect((await logs.settled(reader.next())).value).toMatchObject({ offset: 19 });
  const next = reader.next();
  next.catch(() => {});
  await logs.pass(10);
  logs.cutOff(at);
  const log = logs.logs[leader]!;
  await logs.settled(log.openProducer());
  expect(await logs.settled(log.trim(20))).toBe(20);
  logs.heal();
  await logs.settle();
  await logs.settled((await logs.leading()).append(batchOf(['20'])));
  expect((await logs.settled(next)).value).toMatchObject({ offset: 20 });
  await reader.return();
  await logs.stop();
});
