import { expect, test } from 'vitest';
import { batchOf, Logs, valuesIn } from './logs.js';

/** Ten batches of two records each. */
async function withBatches(seed: string): Promise<Logs> {
  const logs = await new Logs(seed).startAll();
  for (let at = 0; at < 20; at += 2) {
    await logs.settled((await logs.leading()).append(batchOf([`${at}`, `${at + 1}`.padEnd(1000, '.')])));
  }
  return logs;
}

test('given metadata that was changed on the leader, then every member has the last, also after power cuts and a trimmed log', async () => {
  const logs = await withBatches('metadata');
  const leader = await logs.leading();
  expect(leader.metadata).toBe('');
  const changes = ['a', 'b', 'c'].map((letter) => leader.changeMetadata((current) => current + letter));
  await logs.settled(Promise.all(changes));
  expect(leader.metadata).toBe('abc');
  await logs.settled(leader.append(batchOf(['20'])));
  expect(await logs.settled(leader.trim(21))).toBe(21);
  await logs.pass(1000);
  expect(logs.logs.map((log) => log!.metadata)).toEqual(['abc', 'abc', 'abc']);
  for (const at of [0, 1, 2]) {
    await logs.cutPower(at);
    await logs.start(at);
  }
  await logs.leader();
  await logs.pass(1000);
  expect(logs.logs.map((log) => log!.metadata)).toEqual(['abc', 'abc', 'abc']);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a member that does not lead, then it changes nothing, and neither does a change that throws or is too long', async () => {
  const logs = await new Logs('refused').startAll();
  const leader = await logs.leading();
  const follower = logs.logs.find((log) => log !== leader)!;
  await expect(logs.settled(follower.changeMetadata(() => 'x'))).rejects.toMatchObject({ code: 'not-leader' });
  const failing = leader.changeMetadata(() => {
    throw new Error('not like this');
  });
  await expect(logs.settled(failing)).rejects.toThrow('not like this');
  const long = leader.changeMetadata(() => 'é'.repeat(40_000));
  await expect(logs.settled(long)).rejects.toMatchObject({ code: 'invalid' });
  await logs.settled(leader.changeMetadata((current) => `${current}fine`));
  expect(leader.metadata).toBe('fine');
  await logs.stop();
});

test('given a log that is trimmed in the middle of a batch, then it starts with that batch, on every member', async () => {
  const logs = await withBatches('trimmed');
  const leader = await logs.leading();
  expect(await logs.settled(leader.trim(7))).toBe(6);
  expect(await logs.settled(leader.trim(3))).toBe(6);
  await expect(logs.settled(leader.trim(21))).rejects.toMatchObject({ code: 'out-of-range', first: 6, end: 20 });
  await expect(logs.settled(leader.trim(-1))).rejects.toMatchObject({ code: 'invalid' });
  await logs.pass(500);
  for (const log of logs.logs) {
    expect(log!.firstOffset).toBe(6);
    expect((await valuesIn(log!))[0]).toBe('6 6');
  }
  expect(await logs.settled(leader.trim(20))).toBe(20);
  expect(await valuesIn(leader)).toEqual([]);
  await logs.stop();
});

test('given a log, then it is described in numbers', async () => {
  const logs = await withBatches('described');
  const leader = await logs.leading();
  const before = leader.describe();
  expect(before).toMatchObject({ firstIndex: 1, producers: 0, segments: 2 });
  expect(before.commitIndex).toBeGreaterThan(10);
  expect(before.lastIndex).toBe(before.commitIndex);
  expect(before.bytes).toBeGreaterThan(10_000);
  await logs.settled(leader.openProducer());
  await logs.pass(100);
  expect(leader.describe().producers).toBe(1);
  await logs.stop();
});

test('given a log, then every member knows when its first record was appended, before and after it is trimmed, and there is none in an empty one', async () => {
  const logs = await new Logs('first').startAll();
  const leader = await logs.leading();
  expect(await leader.firstAppendTimeMs()).toBeUndefined();
  const times: number[] = [];
  for (const value of ['a', 'b', 'c']) {
    times.push((await logs.settled(leader.append(batchOf([value])))).time);
    await logs.pass(1000);
  }
  await logs.settle();
  const firsts = () => Promise.all(logs.logs.map((log) => logs.settled(log!.firstAppendTimeMs())));
  expect(await firsts()).toEqual([times[0], times[0], times[0]]);
  await logs.settled(leader.trim(2));
  await logs.settle();
  expect(await firsts()).toEqual([times[2], times[2], times[2]]);
  await logs.settled(leader.trim(3));
  await logs.settle();
  expect(await firsts()).toEqual([undefined, undefined, undefined]);
  await logs.stop();
});
