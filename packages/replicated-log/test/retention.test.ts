import { expect, test } from 'vitest';
import type { ReplicatedLog, RetentionSettings } from '../src/index.js';
import { batchOf, Logs, valuesIn } from './logs.js';

/** About eight batches fill a segment. */
async function withBatches(seed: string, retention: RetentionSettings, count = 60): Promise<Logs> {
  const logs = await new Logs(seed, { retention }).startAll();
  await append(logs, 0, count);
  return logs;
}

async function append(logs: Logs, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 1) {
    await logs.settled((await logs.leading()).append(batchOf([`${at}`.padEnd(1000, '.')])));
  }
}

function starts(logs: Logs): number[] {
  return logs.logs.map((log) => log!.firstOffset);
}

/** The bytes of segments on each disk. */
function sizes(logs: Logs): number[] {
  return logs.disks.map((disk) => {
    const paths = disk.paths().filter((path) => path.endsWith('.log'));
    return paths.reduce((bytes, path) => bytes + disk.bytesOf(path).length, 0);
  });
}

async function firstOf(logs: Logs, log: ReplicatedLog): Promise<string> {
  const { value } = await logs.settled(log.records({ from: 'start' }).next());
  return `${value!.offset} ${value!.value.toString().replace(/\.*$/, '')}`;
}

test('given a log that is to keep so many bytes, then all members start at the same record, refuse those before, and free their disks', async () => {
  const logs = await withBatches('bytes', { bytesMax: 30_000, checkMs: 1000 });
  expect(Math.min(...sizes(logs))).toBeGreaterThan(60_000);
  await logs.pass(3000);
  const [first] = starts(logs);
  expect(first).toBeGreaterThan(20);
  expect(first).toBeLessThan(40);
  expect(starts(logs)).toEqual([first, first, first]);
  expect(Math.max(...sizes(logs))).toBeLessThan(35_000);
  for (const log of logs.logs) {
    expect(await firstOf(logs, log!)).toBe(`${first} ${first}`);
    const before = log!.records({ from: { offset: first! - 1 } }).next();
    await expect(logs.settled(before)).rejects.toMatchObject({ code: 'out-of-range', first, end: 60 });
  }
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

// FAULTS: a producer's clock is in 2090.
test('given a log that is to keep what is young, then what counts is when the leader appended it', async () => {
  const logs = await withBatches('age', { ageMsMax: 60_000, checkMs: 1000 }, 30);
  await logs.pass(3000);
  expect(starts(logs)).toEqual([0, 0, 0]);
  await logs.pass(60_000);
  await append(logs, 30, 31);
  const [first] = starts(logs);
  expect(first).toBeGreaterThan(15);
  expect(starts(logs)).toEqual([first, first, first]);
  expect((await valuesIn(logs.logs[0]!)).length).toBe(31 - first!);
  await logs.stop();
});

test('given a reader whom retention overtakes, then it is told so, and skips nothing in silence', async () => {
  const logs = await withBatches('overtaken', { bytesMax: 30_000, checkMs: 60_000 });
  const reader = (await logs.leading()).records({ from: 'start', maxBytes: 1000 });
  const seen: number[] = [];
  for (let at = 0; at < 3; at += 1) seen.push((await logs.settled(reader.next())).value!.offset);
  await logs.pass(61_000);
  const rest = async (): Promise<void> => {
    for await (const { offset } of reader) seen.push(offset);
  };
  await expect(logs.settled(rest())).rejects.toMatchObject({ code: 'out-of-range', requested: seen.at(-1)! + 1 });
  expect(seen).toEqual(seen.map((_, at) => at));
  await logs.stop();
});

// etcd 17780: positions went back after a crash during compaction.
test('given members that lose their power again and again while the log is trimmed, then its start never goes back', async () => {
  const logs = await withBatches('crashes', { bytesMax: 30_000, checkMs: 200 }, 20);
  let before = [0, 0, 0];
  for (let cycle = 0; cycle < 12; cycle += 1) {
    await append(logs, 20 + 8 * cycle, 28 + 8 * cycle);
    const now = starts(logs);
    expect(now.map((start, at) => start >= before[at]!)).toEqual([true, true, true]);
    before = now;
    await logs.cutPower(cycle % 3, cycle % 2 === 0 ? 'lost' : 'pages');
    await logs.pass(150);
    await logs.startAll();
    await logs.settle();
    expect(logs.logs[cycle % 3]!.firstOffset).toBeGreaterThanOrEqual(before[cycle % 3]!);
  }
  await logs.pass(1000);
  const [first] = starts(logs);
  expect(first).toBeGreaterThan(80);
  expect(starts(logs)).toEqual([first, first, first]);
  for (const log of logs.logs) expect(await firstOf(logs, log!)).toBe(`${first} ${first}`);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a member that was away while what it lacks was trimmed, then it starts where the others do, and knows the producers', async () => {
  const logs = await new Logs('away', { retention: { bytesMax: 30_000, checkMs: 500 } }).startAll();
  const leader = await logs.leader();
  const producer = await logs.settled(logs.logs[leader]!.openProducer({ name: 'till 4' }));
  await logs.settled(logs.logs[leader]!.append(batchOf(['tea'], producer)));
  await logs.settle();
  const away = (leader + 1) % 3;
  await logs.cutPower(away);
  await append(logs, 1, 60);
  await logs.pass(2000);
  expect(logs.logs[leader]!.firstOffset).toBeGreaterThan(20);
  await logs.startAll();
  await logs.settle();
  const log = logs.logs[away]!;
  expect(log.firstOffset).toBe(logs.logs[leader]!.firstOffset);
  expect(await firstOf(logs, log)).toBe(await firstOf(logs, logs.logs[leader]!));
  const old = await logs.leading();
  void old.member.transfer(log.member.self);
  await logs.until('it leads', () => log.member.isLeader);
  expect((await logs.settled(log.append(batchOf(['tea'], producer)))).offset).toBe(0);
  expect((await logs.settled(log.append(batchOf(['milk'], producer, 1)))).offset).toBe(60);
  // And again with what its own disk has kept of that.
  await logs.cutPower(away);
  await logs.startAll();
  await logs.settle();
  void (await logs.leading()).member.transfer(logs.logs[away]!.member.self);
  await logs.until('it leads again', () => logs.logs[away]!.member.isLeader);
  expect((await logs.settled(logs.logs[away]!.append(batchOf(['milk'], producer, 1)))).offset).toBe(60);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('a retention that makes no sense is refused when the log is opened', async () => {
  const logs = new Logs('nonsense', { retention: { bytesMax: -1 } });
  await expect(logs.start(0)).rejects.toThrow(/bytesMax/);
});
