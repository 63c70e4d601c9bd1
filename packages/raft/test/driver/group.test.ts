import { expect, test } from 'vitest';
import { type ProposalOutcome, RaftError } from '../../src/index.js';
import { DriverRig, text, turns } from './rig.js';

test('given three members, when proposals are made, then each is committed once and applied in order everywhere', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const outcomes = Promise.all(['one', 'two', 'three'].map((each) => leader.propose(text(each))));
  await rig.pass(300);
  const indexes = (await outcomes).map((outcome) => (outcome.kind === 'committed' ? outcome.index : 0));
  expect(indexes).toEqual([indexes[0], indexes[0]! + 1, indexes[0]! + 2]);
  for (const machine of rig.machines) expect(machine.texts).toEqual(['one', 'two', 'three']);
  await rig.stop();
});

test('given a follower, when it is proposed to, then the caller learns at once who leads', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const follower = rig.groups.find((group) => !group.isLeader)!;
  const outcome = await follower.propose(text('x'));
  expect(outcome).toEqual({ kind: 'not-applied', reason: 'not-leader', leader: leader.self });
  await rig.stop();
});

test('given a leader that is cut off, when another commits in its place, then its callers learn that theirs was not applied', async () => {
  const rig = await new DriverRig().open();
  const old = await rig.leader();
  rig.network.disconnect(old.self.slice(0, 1));
  let outcome: ProposalOutcome | null = null;
  void old.propose(text('lost')).then((settled) => {
    outcome = settled;
  });
  await rig.until('another leader', () => rig.groups.some((group) => group !== old && group.isLeader));
  expect(outcome).toBeNull();
  const leader = rig.groups.find((group) => group !== old && group.isLeader)!;
  const kept = leader.propose(text('kept'));
  await rig.pass(300);
  expect((await kept).kind).toBe('committed');
  rig.network.reconnect(old.self.slice(0, 1));
  await rig.until('an answer', () => outcome !== null);
  expect(outcome).toMatchObject({ kind: 'not-applied', reason: 'overwritten' });
  for (const machine of rig.machines) expect(machine.texts).toEqual(['kept']);
  await rig.stop();
});

test('given a proposal in flight, when its member stops, then its fate is unknown to the caller', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  rig.network.disconnect(leader.self.slice(0, 1));
  const outcome = leader.propose(text('x'));
  await turns();
  await rig.stop();
  expect(await outcome).toMatchObject({ kind: 'unknown' });
  await expect(leader.read()).rejects.toBeInstanceOf(RaftError);
});

test('given an acknowledged append, when any member is read, then it is seen there', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const outcome = leader.propose(text('seen'));
  await rig.pass(50);
  expect((await outcome).kind).toBe('committed');
  const reads = Promise.all(rig.groups.map((group) => group.read()));
  await rig.pass(300);
  await reads;
  for (const machine of rig.machines) expect(machine.texts).toEqual(['seen']);
  await rig.stop();
});

test('given a sync that fails, when the leader writes, then it stops for good and the others go on', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const at = rig.groups.indexOf(leader);
  rig.storages[at]!.isNextSyncFailing = true;
  const outcome = leader.propose(text('x'));
  await rig.until('it stops', () => rig.failures.length === 1);
  expect((await outcome).kind).toBe('unknown');
  expect(leader.status.isHalted).toBe(true);
  await rig.until('another leader', () => rig.groups.some((group) => group !== leader && group.isLeader));
  await rig.stop();
});

test('given a full disk, when there is room again, then the member takes part again', async () => {
  const rig = await new DriverRig().open();
  const old = await rig.leader();
  const at = rig.groups.indexOf(old);
  rig.storages[at]!.isFull = true;
  void old.propose(text('x'));
  await rig.until('another leader', () => rig.groups.some((group) => group !== old && group.isLeader));
  rig.storages[at]!.isFull = false;
  const leader = rig.groups.find((group) => group.isLeader)!;
  const kept = leader.propose(text('after'));
  await rig.pass(3000);
  expect((await kept).kind).toBe('committed');
  expect(old.status.isStorageRefusing).toBe(false);
  expect(rig.machines[at]!.texts).toEqual(rig.machines[rig.groups.indexOf(leader)]!.texts);
  expect(rig.failures).toEqual([]);
  await rig.stop();
});

test('given an entry that cannot be read, when it is applied, then it is fetched from another member first', async () => {
  const rig = await new DriverRig({ cacheBytesMax: 1 }).open();
  const leader = await rig.leader();
  const follower = rig.groups.find((group) => !group.isLeader)!;
  const at = rig.groups.indexOf(follower);
  rig.storages[at]!.unreadable.add(follower.status.lastIndex + 1);
  const outcome = leader.propose(text('mended'));
  await rig.pass(2000);
  expect((await outcome).kind).toBe('committed');
  expect(rig.machines[at]!.texts).toEqual(['mended']);
  expect(rig.storages[at]!.unreadable.size).toBe(0);
  await rig.stop();
});

test('given a member that was away, when the log has forgotten what it lacks, then it gets a snapshot', async () => {
  const rig = await new DriverRig({ snapshotEvery: 10, trailing: 0, snapshotChunkBytes: 16 }).open();
  const leader = await rig.leader();
  const away = rig.groups.findIndex((group) => !group.isLeader);
  rig.network.disconnect(['a', 'b', 'c'][away]!);
  for (let at = 0; at < 35; at++) {
    void leader.propose(text(`${at}`));
    await rig.pass(10);
  }
  await rig.pass(200);
  rig.network.reconnect(['a', 'b', 'c'][away]!);
  await rig.until('it has everything', () => rig.machines[away]!.texts.length === 35);
  expect(rig.machines[away]!.restores).toBe(1);
  expect(rig.machines[away]!.texts).toEqual(Array.from({ length: 35 }, (_, at) => `${at}`));
  await rig.stop();
});

test('given what was written, when all members start again, then their machines hold it again', async () => {
  const rig = await new DriverRig({ snapshotEvery: 5, trailing: 2 }).open();
  const leader = await rig.leader();
  for (let at = 0; at < 12; at++) void leader.propose(text(`${at}`));
  await rig.pass(300);
  await rig.stop();
  await rig.open();
  await rig.leader();
  await rig.until('all is there', () => rig.machines.every((machine) => machine.texts.length === 12));
  await rig.stop();
});

test('given leadership to hand over, when it is, then the target leads and the caller is told', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const target = rig.groups.find((group) => group !== leader)!;
  const transferred = leader.transfer(target.self);
  await rig.until('the target leads', () => target.isLeader);
  expect(await transferred).toBe(true);
  await rig.stop();
});

test('given many groups on three nodes, when time passes, then their heartbeats share packets', async () => {
  const rig = await new DriverRig().open();
  for (let group = 0; group < 20; group++) {
    await Promise.all(rig.hosts.map((host, at) => rig.openGroup(host, at, `group ${group}`)));
  }
  await rig.pass(2000);
  let packets = 0;
  let messages = 0;
  rig.network.onPacket = (packet) => {
    packets += 1;
    messages += packet.length;
  };
  await rig.pass(1000);
  expect(messages / packets).toBeGreaterThan(3);
  await rig.stop();
});

test('given no room for a snapshot, whoever asked for it hears so, and can ask again', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const follower = rig.groups.find((group) => group !== leader)!;
  const storage = rig.storages[rig.groups.indexOf(follower)]!;
  storage.isFull = true;
  const refused = follower.snapshot();
  await expect(refused).rejects.toMatchObject({ code: 'ERR_RAFT_NO_SPACE' });
  storage.isFull = false;
  await rig.pass(1500);
  const snapshot = await follower.snapshot();
  expect(snapshot.index).toBe(follower.appliedIndex);
  expect(follower.status.isStorageRefusing).toBe(false);
  await rig.stop();
});
