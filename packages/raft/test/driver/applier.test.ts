import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  type Entry,
  MemoryStorage,
  memberId,
  type ProposalOutcome,
  type StateMachine,
  UnreadableError,
} from '../../src/index.js';
import { Gate, One, outcomeOf } from './one.js';
import { DriverRig, ListMachine, text, turns } from './rig.js';

/** What a machine was given to apply, besides what it makes of it. */
function watched(machine: ListMachine): string[] {
  const applied: string[] = [];
  const apply = machine.apply.bind(machine);
  machine.apply = (entries) => {
    for (const { data } of entries) applied.push(new TextDecoder().decode(data));
    apply(entries);
  };
  return applied;
}

describe('given a deposed leader with entries that were never committed', () => {
  // The commit that came with the snapshot was taken for one of the entries below it; with a tail longer than the
  // snapshot the restore was skipped as well, and the machine differed from the others' for good.
  test.each([{ tail: 3 }, { tail: 30 }])(
    'when a snapshot takes the place of its log, $tail long, then it applies none of them',
    async ({ tail }) => {
      const rig = await new DriverRig({ trailing: 0 }).open();
      const old = await rig.leader();
      const at = rig.groups.indexOf(old);
      const applied = watched(rig.machines[at]!);
      rig.network.disconnect('abc'[at]!);
      const outcomes: Promise<ProposalOutcome>[] = [];
      for (let count = 0; count < tail; count++) outcomes.push(old.propose(text(`never committed ${count}`)));
      const other = () => rig.groups.find((group) => group !== old && group.isLeader && group.status.commitIndex > 2);
      await rig.until('another leads', () => other() !== undefined);
      const leader = other()!;
      for (let count = 0; count < 10; count++) void leader.propose(text(`committed ${count}`));
      await rig.pass(300);
      await leader.snapshot();
      rig.network.reconnect('abc'[at]!);
      await rig.until('it has caught up', () => old.appliedIndex >= leader.status.commitIndex);
      void leader.propose(text('after'));
      await rig.pass(300);
      expect(applied.filter((each) => each.startsWith('never'))).toEqual([]);
      expect(rig.machines[at]!.texts).toEqual(rig.machines[rig.groups.indexOf(leader)]!.texts);
      expect(rig.machines[at]!.restores).toBe(1);
      for (const outcome of outcomes) expect(await outcomeOf(outcome)).not.toMatchObject({ kind: 'committed' });
      expect(rig.failures).toEqual([]);
      await rig.stop();
    },
  );
});

describe('given a storage that does not give what it was given', () => {
  const founders = { voters: [memberId('a', 'disk')], learners: [] };
  /** A cluster of one that reads back everything it applies, through `read`. */
  async function reading(read: (right: readonly Entry[]) => readonly Entry[]) {
    const storage = new MemoryStorage(founders);
    const right = storage.read.bind(storage);
    const machine = new ListMachine();
    const gate = new Gate();
    const slow: StateMachine = {
      apply: async (entries) => {
        // While it is at the first, the rest leaves the cache.
        if (machine.texts.length === 0) await gate.opened;
        machine.apply(entries);
      },
    };
    const one = await new One({ storage, machine: slow, init: { cacheBytesMax: 1 } }).open();
    storage.read = async (...args) => read(await right(...args));
    for (let count = 0; count < 5; count++) {
      void one.group.propose(text(`${count}`));
      await one.pass(20);
    }
    gate.open();
    await one.pass(100);
    return { one, machine };
  }

  test.each<[string, (right: readonly Entry[]) => readonly Entry[]]>([
    ['none', () => []],
    ['the wrong one', (right) => right.slice(1)],
    ['one of another term', (right) => right.map((entry) => ({ ...entry, term: entry.term + 1 }))],
  ])('when it answers %s for committed entries, then the member fails instead of applying them', async (_, read) => {
    const { one, machine } = await reading(read);
    expect(one.failures).toMatchObject([{ code: 'ERR_RAFT_STORAGE' }]);
    expect(machine.texts.slice(1)).toEqual([]);
  });

  test('when it does, then everything is applied', async () => {
    const { one, machine } = await reading((right) => right);
    expect(one.failures).toEqual([]);
    expect(machine.texts).toEqual(['0', '1', '2', '3', '4']);
  });
});

test('given a read that fails without saying for which entries, then the first of them is fetched from another member', async () => {
  const rig = await new DriverRig({ cacheBytesMax: 1 }).open();
  const leader = await rig.leader();
  const at = rig.groups.findIndex((group) => group !== leader);
  const storage = rig.storages[at]!;
  const read = storage.read.bind(storage);
  let fails = 1;
  storage.read = async (...args) => {
    fails -= 1;
    if (fails >= 0) throw new UnreadableError([]);
    return read(...args);
  };
  void leader.propose(text('x'));
  await rig.until('it is applied', () => rig.machines[at]!.texts.length === 1);
  expect(rig.failures).toEqual([]);
  await rig.stop();
});

test('given a disk that lists a snapshot and has it not, when the member is opened, then it does not start with an empty machine', async () => {
  const one = await new One({ init: { snapshotEvery: 5, trailing: 2 } }).open();
  for (let count = 0; count < 12; count++) void one.group.propose(text(`${count}`));
  await one.pass(200);
  await one.host.stop();
  one.memory.readSnapshot = async () => null;
  await expect(one.open()).rejects.toMatchObject({ code: 'ERR_RAFT_STORAGE' });
  one.memory.readSnapshot = async () => ({ data: new Uint8Array(0), isLast: false });
  await expect(one.open()).rejects.toMatchObject({ code: 'ERR_RAFT_STORAGE' });
});

describe('given a machine that cannot read what it writes', () => {
  const apply = (): void => {};
  test.each([
    { machine: { apply, snapshot: () => text('state') }, lacks: 'restore' },
    { machine: { apply, restore: () => {} }, lacks: 'snapshot' },
  ])('when it has no $lacks, then the group is not opened', async ({ machine, lacks }) => {
    await expect(new One({ machine }).open()).rejects.toThrow(lacks);
  });

  test('when there is a snapshot on its disk, then the group is not opened', async () => {
    const one = await new One().open();
    void one.group.propose(text('x'));
    await one.pass(50);
    await one.group.snapshot();
    await one.host.stop();
    await expect(one.openGroup('g', { machine: { apply } })).rejects.toThrow('no restore()');
  });
});

test('given a machine whose promises are of another realm, when it applies, then each is waited for', async () => {
  const Foreign = vm.runInNewContext('Promise') as PromiseConstructor;
  const done: (() => void)[] = [];
  const machine = {
    apply: () => new Foreign<void>((resolve) => done.push(resolve)),
    snapshot: () => Foreign.resolve(text('state')),
    restore: () => {},
  };
  const one = await new One({ machine }).open();
  for (let count = 0; count < 3; count++) {
    void one.group.propose(text(`${count}`));
    await one.pass(20);
  }
  expect(done).toHaveLength(1);
  done[0]!();
  await turns();
  expect(done).toHaveLength(2);
  done[1]!();
  await turns();
  const { id } = await one.group.snapshot();
  expect((await one.memory.readSnapshot(id, 0, 99))?.data).toEqual(text('state'));
});
