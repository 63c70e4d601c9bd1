import type { Damage } from '@commitlog/log';
import { UnreadableError } from '@commitlog/raft';
import { type Fault, faults } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { encodeTrim } from '../src/control-batches.js';
import { bytesOf, Cluster, recordsOf } from './cluster.js';

/** The logs of all are the same bytes, and hold each acknowledged batch once, where it was said to be, and no offset is missing. */
async function expectWhole(cluster: Cluster): Promise<void> {
  expect(cluster.failures).toEqual([]);
  const logs = await Promise.all(cluster.running.map((each) => bytesOf(each!.storage, 1)));
  expect(logs.map((bytes) => bytes.equals(logs[0]!))).toEqual([true, true, true]);
  const records = recordsOf(logs[0]!);
  expect(records.map(({ offset }) => offset)).toEqual(records.map((_, at) => at));
  const firsts = records.filter(({ value }) => value.endsWith(', 0'));
  expect(new Set(firsts.map(({ value }) => value)).size).toBe(firsts.length);
  const placed = new Map(firsts.map(({ index, value }) => [index, value.replace(', 0', '')]));
  const lost = [...cluster.acknowledged].filter(([index, value]) => placed.get(index) !== value);
  expect(lost).toEqual([]);
}

test.each(['one', 'two', 'three'])(
  'given members that lose their power again and again under load (seed %s), then the logs end up the same, with every acknowledged batch in them once',
  async (seed) => {
    const cluster = await new Cluster(seed).startAll();
    for (let cycle = 0; cycle < 9; cycle += 1) {
      const leader = await cluster.leader();
      const { group } = cluster.running[leader]!;
      for (let burst = 0; burst < 5; burst += 1) {
        cluster.propose(group, 4);
        await cluster.pass(10);
      }
      cluster.propose(group, 6);
      const fault: Fault = faults[cycle % faults.length]!;
      // In turn the leader, a follower, and everybody.
      const victims = [[leader], [(leader + 1) % 3], [0, 1, 2]][cycle % 3]!;
      await Promise.all(victims.map((at) => cluster.cutPower(at, fault)));
      await cluster.pass(cycle % 2 === 0 ? 1000 : 50);
      await cluster.startAll();
    }
    await cluster.settle();
    expect(cluster.acknowledged.size).toBeGreaterThan(150);
    await expectWhole(cluster);
    await cluster.stop();
  },
  60_000,
);

test('given a member that was away while the others forgot the start of the log, then it goes on where they start, with the same bytes', async () => {
  const cluster = await new Cluster('away').startAll();
  cluster.propose(cluster.running[await cluster.leader()]!.group, 40);
  await cluster.settle();
  const leader = await cluster.leader();
  const away = (leader + 1) % 3;
  await cluster.cutPower(away, 'lost');
  cluster.propose(cluster.running[leader]!.group, 40);
  await cluster.pass(500);
  const { log } = cluster.running[leader]!.storage;
  void cluster.running[leader]!.group.propose(encodeTrim(await log.positionAt(log.durable.index)));
  await cluster.pass(100);
  for (const each of cluster.running) {
    if (each === null) continue;
    const taken = each.group.snapshot();
    await cluster.pass(100);
    await taken;
  }
  cluster.propose(cluster.running[leader]!.group, 20);
  await cluster.pass(200);
  await cluster.startAll();
  await cluster.settle();
  // It came by a snapshot, which holds no record, and leads as well as any other.
  const starts = cluster.running.map((each) => each!.storage.log.start);
  expect(starts[away]!.index).toBeGreaterThan(40);
  expect(starts[away]).toEqual(starts[leader]);
  const transferred = cluster.running[leader]!.group.transfer(cluster.running[away]!.group.self);
  await cluster.pass(1000);
  expect(await transferred).toBe(true);
  cluster.propose(cluster.running[await cluster.leader()]!.group, 20);
  await cluster.settle();
  const first = Math.max(...starts.map(({ index }) => index)) + 1;
  const logs = await Promise.all(cluster.running.map((each) => bytesOf(each!.storage, first)));
  expect(logs.map((bytes) => bytes.equals(logs[0]!))).toEqual([true, true, true]);
  const offsets = recordsOf(logs[0]!).map(({ offset }) => offset);
  expect(offsets).toEqual(offsets.map((_, at) => starts[away]!.nextOffset + at));
  expect(cluster.acknowledged.size).toBe(120);
  expect(cluster.failures).toEqual([]);
  await cluster.stop();
}, 60_000);

test('given a batch that a follower cannot read any more, then it has it again from the others', async () => {
  const cluster = await new Cluster('rot').startAll();
  const leader = await cluster.leader();
  for (let burst = 0; burst < 20; burst += 1) {
    cluster.propose(cluster.running[leader]!.group, 4);
    await cluster.pass(20);
  }
  await cluster.settle();
  const at = (leader + 1) % 3;
  await cluster.cutPower(at, 'kept');
  const disk = cluster.disks[at]!;
  const path = disk.paths().find((each) => each.endsWith('-1.log'))!;
  disk.flipBit(path, 5000 * 8);
  const { group, storage } = await cluster.start(at);
  // A sealed segment is not read before somebody wants it.
  await expect(bytesOf(storage)).rejects.toThrow(/cannot read the batches/);
  const [{ firstIndex, lastIndex }] = storage.log.damage as [Damage];
  await expect(storage.read(firstIndex, lastIndex, 1)).rejects.toThrow(UnreadableError);
  group.reportUnreadable([firstIndex]);
  await cluster.until('the hole is mended', () => storage.log.damage.length === 0);
  await cluster.settle();
  await expectWhole(cluster);
  await cluster.stop();
}, 60_000);
