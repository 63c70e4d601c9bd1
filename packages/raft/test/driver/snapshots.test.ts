import { describe, expect, test } from 'vitest';
import {
  type Entry,
  MemoryStorage,
  memberId,
  NoSpaceError,
  type RaftGroup,
  type StateMachine,
  UnreadableError,
} from '../../src/index.js';
import { Gate, One, outcomeOf } from './one.js';
import { DriverRig, text } from './rig.js';

/** A machine whose parts a test replaces. */
function machineWith(parts: Partial<StateMachine>): StateMachine {
  return { apply: () => {}, snapshot: () => text('state'), restore: () => {}, ...parts };
}

async function applied(machine: StateMachine): Promise<One> {
  const one = await new One({ machine }).open();
  void one.group.propose(text('x'));
  await one.pass(50);
  return one;
}

describe('given a snapshot that was asked for', () => {
  test('when the member stops while it is encoded, then its caller hears so', async () => {
    const gate = new Gate();
    const one = await applied(machineWith({ snapshot: () => gate.opened.then(() => text('late')) }));
    const snapshot = one.group.snapshot();
    await one.pass(10);
    await one.host.stop();
    expect(await outcomeOf(snapshot)).toMatchObject({ code: 'ERR_RAFT_STOPPED' });
  });

  test('when the member stops while an apply holds it up, then its caller hears so', async () => {
    const one = await applied(machineWith({ apply: () => new Promise(() => {}) }));
    const snapshot = one.group.snapshot();
    await one.pass(10);
    void one.host.stop();
    expect(await outcomeOf(snapshot)).toMatchObject({ code: 'ERR_RAFT_STOPPED' });
  });

  test('when the apply that holds it up fails, then its caller hears so, and why', async () => {
    const gate = new Gate();
    const one = await applied(machineWith({ apply: () => gate.opened }));
    const snapshot = one.group.snapshot();
    const cause = new Error('cannot apply');
    gate.fail(cause);
    expect(await outcomeOf(snapshot)).toMatchObject({ code: 'ERR_RAFT_FAILED', cause });
  });

  test('when the machine throws, idle or not, then its caller hears so and the member goes on', async () => {
    const gate = new Gate();
    let isBusy = false;
    const cause = new Error('cannot encode');
    const one = await applied(
      machineWith({
        apply: () => (isBusy ? gate.opened : undefined),
        snapshot: () => {
          throw cause;
        },
      }),
    );
    expect(await outcomeOf(one.group.snapshot())).toBe(cause);
    isBusy = true;
    void one.group.propose(text('y'));
    await one.pass(20);
    const snapshot = one.group.snapshot();
    gate.open();
    expect(await outcomeOf(snapshot)).toBe(cause);
    expect(one.failures).toEqual([]);
  });

  test('when it is on disk by the time the member stops, then its caller is not told otherwise', async () => {
    const gate = new Gate();
    const one = await applied(machineWith({}));
    const write = one.memory.write.bind(one.memory);
    one.memory.write = async (operations) => {
      await write(operations);
      await gate.opened;
    };
    const snapshot = one.group.snapshot();
    await one.pass(10);
    void one.host.stop();
    gate.open();
    expect(await outcomeOf(snapshot)).toMatchObject({ index: one.group.appliedIndex });
  });

  test('when one is under way that lacks what was applied since, then another is written', async () => {
    const gate = new Gate();
    const one = await applied(machineWith({ snapshot: () => gate.opened.then(() => text('state')) }));
    const first = one.group.snapshot();
    await one.pass(10);
    void one.group.propose(text('y'));
    await one.pass(50);
    const asked = one.group.appliedIndex;
    const [second, third] = [one.group.snapshot(), one.group.snapshot()];
    gate.open();
    await one.pass(50);
    expect((await first).index).toBeLessThan(asked);
    expect((await second).index).toBe(asked);
    expect((await third).id).toBe((await second).id);
  });

  test('when nothing has been applied yet, then there is none', async () => {
    const one = await new One().open({ isLed: false });
    await expect(one.group.snapshot()).rejects.toMatchObject({ code: 'ERR_RAFT_NOTHING_APPLIED' });
  });
});

test('given automatic snapshots that fail, then somebody is told, and the member goes on', async () => {
  const cause = new Error('cannot encode');
  const machine = machineWith({ snapshot: () => Promise.reject(cause) });
  const one = await new One({ machine, init: { snapshotEvery: 5 } }).open();
  for (let count = 0; count < 12; count++) {
    void one.group.propose(text(`${count}`));
    await one.pass(20);
  }
  expect(one.problems).toEqual([
    { group: 'g', kind: 'snapshot-failed', error: cause },
    { group: 'g', kind: 'snapshot-failed', error: cause },
  ]);
  expect(one.failures).toEqual([]);
});

test('given a slow snapshot of its own, when one of the leader overtakes it, then it is given up and the member goes on', async () => {
  const rig = await new DriverRig({ trailing: 0 }).open();
  const leader = await rig.leader();
  const at = rig.groups.findIndex((group) => group !== leader);
  const follower = rig.groups[at]!;
  for (let count = 0; count < 10; count++) void leader.propose(text(`${count}`));
  await rig.pass(300);
  const gate = new Gate();
  const machine = rig.machines[at]! as StateMachine;
  machine.snapshot = () => gate.opened.then(() => text('[]'));
  const slow = follower.snapshot();
  await rig.pass(20);
  rig.network.disconnect('abc'[at]!);
  for (let count = 10; count < 30; count++) void leader.propose(text(`${count}`));
  await rig.pass(300);
  await leader.snapshot();
  rig.network.reconnect('abc'[at]!);
  await rig.until('it is installed', () => follower.appliedIndex >= leader.status.commitIndex);
  gate.open();
  expect(await outcomeOf(slow)).toMatchObject({ code: 'ERR_RAFT_SUPERSEDED' });
  void leader.propose(text('after'));
  await rig.pass(300);
  expect(rig.machines[at]!.texts).toEqual(rig.machines[rig.groups.indexOf(leader)]!.texts);
  expect(rig.failures).toEqual([]);
  await rig.stop();
});

test('given a hole below a snapshot of its own, when an older one of the leader comes to mend it, then its disk stays whole', async () => {
  const rig = await new DriverRig({ trailing: 2, cacheBytesMax: 1 }).open();
  const leader = await rig.leader();
  const at = rig.groups.findIndex((group) => group !== leader);
  const [follower, storage] = [rig.groups[at]!, rig.storages[at]!];
  const propose = async (count: number): Promise<void> => {
    for (let each = 0; each < count; each++) void leader.propose(text(`${each}`));
    await rig.pass(300);
  };
  await propose(20);
  for (const group of rig.groups) if (group !== follower) await group.snapshot();
  await propose(20);
  const write = storage.write.bind(storage);
  storage.write = async (operations) => {
    await new Promise<void>((resolve) => rig.clock.after(40, resolve));
    await write(operations);
  };
  storage.unreadable.add(10);
  const own = follower.snapshot();
  const header = { id: 1, from: leader.self, to: follower.self, term: leader.status.term };
  follower.receive({ kind: 'fetch', ...header, first: 10, last: 10, snapshotId: '', offset: 0 });
  await rig.pass(2000);
  const { start, lastIndex, snapshot } = await storage.load();
  expect(snapshot?.index).toBe((await own).index);
  const entries = await storage.read(start.index + 1, lastIndex, 1_000_000);
  expect(entries.map((entry) => entry.index)).toEqual([start.index + 1, start.index + 2]);
  expect(rig.failures).toEqual([]);
  await rig.stop();
});

test('given snapshots that come faster than they travel, then the one on its way is left in peace until it has arrived', async () => {
  const rig = await new DriverRig({ snapshotEvery: 200, trailing: 0, snapshotChunkBytes: 1024 }).open();
  const leader = await rig.leader();
  const at = rig.groups.findIndex((group) => group !== leader);
  rig.network.disconnect('abc'[at]!);
  let proposed = 0;
  const burst = async (count: number): Promise<void> => {
    for (let each = 0; each < count; each++) void leader.propose(text(`payload number ${proposed++}`));
    await rig.pass(10);
  };
  for (let round = 0; round < 60; round++) await burst(50);
  // A round trip of 10 ms: one chunk at a time.
  const follower = rig.groups[at]!;
  const receive = follower.receive.bind(follower);
  let late: Parameters<typeof receive>[0][] = [];
  follower.receive = (message) => void (message.kind === 'snapshot-chunk' ? late.push(message) : receive(message));
  rig.network.reconnect('abc'[at]!);
  for (let round = 0; round < 500 && rig.machines[at]!.restores === 0; round++) {
    await burst(5);
    const due = late;
    late = [];
    for (const message of due) receive(message);
  }
  expect(rig.machines[at]!.restores).toBe(1);
  // The leader has not given up on snapshots.
  const before = leader.status.firstIndex;
  for (let round = 0; round < 200; round++) await burst(5);
  expect(leader.status.firstIndex).toBeGreaterThan(before);
  await rig.stop();
});

describe('given a link on which one part of a snapshot takes longer than two election timeouts', () => {
  const partMs = 650;

  /** A follower that needs a snapshot, and a leader that takes one every 50 entries. */
  async function slowly(): Promise<{
    rig: DriverRig;
    leader: RaftGroup;
    at: number;
    put: (count: number) => Promise<void>;
  }> {
    const rig = new DriverRig({ snapshotEvery: 50, trailing: 0, snapshotChunkBytes: 100 });
    const transport = rig.network.transport.bind(rig.network);
    rig.network.transport = (node) => {
      const inner = transport(node);
      return {
        listen: (receive) => inner.listen(receive),
        send: (to, lane, packet) => {
          const isPart = packet.some(({ message }) => message.kind === 'snapshot-chunk');
          if (isPart) rig.clock.after(partMs, () => inner.send(to, lane, packet));
          else inner.send(to, lane, packet);
        },
      };
    };
    await rig.open();
    const leader = await rig.leader();
    const at = rig.groups.findIndex((group) => group !== leader);
    let proposed = 0;
    const put = async (count: number): Promise<void> => {
      for (let each = 0; each < count; each++) void leader.propose(text(`v${proposed++}`));
      await rig.pass(100);
    };
    rig.network.disconnect('abc'[at]!);
    for (let round = 0; round < 20; round++) await put(20);
    rig.network.reconnect('abc'[at]!);
    return { rig, leader, at, put };
  }

  test('when automatic snapshots are due meanwhile, then they wait until it has arrived', async () => {
    const { rig, leader, at, put } = await slowly();
    for (let round = 0; round < 300 && rig.machines[at]!.restores === 0; round++) await put(1);
    expect(rig.machines[at]!.restores).toBe(1);
    const before = leader.status.firstIndex;
    for (let round = 0; round < 20; round++) await put(10);
    expect(leader.status.firstIndex).toBeGreaterThan(before);
    await rig.stop();
  });

  test('when it takes longer than ten of them, then the log is not kept for it any longer', async () => {
    const { rig, leader, put } = await slowly();
    const before = leader.status.firstIndex;
    for (let round = 0; round < 30; round++) await put(15);
    expect(leader.status.firstIndex).toBe(before);
    for (let round = 0; round < 10; round++) await put(15);
    expect(leader.status.firstIndex).toBeGreaterThan(before);
    await rig.stop();
  });

  test('when the member that it is for is gone, then nothing waits for it', async () => {
    const { rig, leader, at, put } = await slowly();
    await put(1);
    await rig.pass(300);
    rig.network.disconnect('abc'[at]!);
    const before = leader.status.firstIndex;
    for (let round = 0; round < 15; round++) await put(10);
    expect(leader.status.firstIndex).toBeGreaterThan(before);
    await rig.stop();
  });
});

test('given room for entries and none for snapshots, when they are taken under load, then the leader goes on leading', async () => {
  const rig = await new DriverRig({ snapshotEvery: 20, trailing: 5 }).open();
  const leader = await rig.leader();
  for (const storage of rig.storages) {
    const write = storage.write.bind(storage);
    storage.write = async (operations) => {
      const at = operations.findIndex((operation) => operation.kind === 'save-snapshot');
      await new Promise<void>((resolve) => rig.clock.after(15, resolve));
      await write(at < 0 ? operations : operations.slice(0, at));
      if (at >= 0) throw new NoSpaceError(at);
    };
  }
  const term = leader.status.term;
  for (let count = 0; count < 300; count++) {
    void leader.propose(text(`${count}`));
    await rig.pass(10);
  }
  await rig.pass(300);
  expect(leader.isLeader).toBe(true);
  expect(leader.status.term).toBe(term);
  for (const machine of rig.machines) expect(machine.texts).toHaveLength(300);
  await rig.stop();
});

test('given a snapshot that its leader cannot read, when another needs it, then the leader writes a new one and goes on', async () => {
  const rig = await new DriverRig({ snapshotEvery: 10, trailing: 0 }).open();
  const leader = await rig.leader();
  const [at, led] = [rig.groups.findIndex((group) => group !== leader), rig.groups.indexOf(leader)];
  rig.network.disconnect('abc'[at]!);
  for (let count = 0; count < 35; count++) void leader.propose(text(`${count}`));
  await rig.pass(300);
  const storage = rig.storages[led]!;
  const rotten = (await storage.load()).snapshot!.id;
  const readSnapshot = storage.readSnapshot.bind(storage);
  storage.readSnapshot = async (id, ...rest) => {
    if (id === rotten) throw new UnreadableError([]);
    return readSnapshot(id, ...rest);
  };
  rig.network.reconnect('abc'[at]!);
  await rig.until('it has everything', () => rig.machines[at]!.texts.length === 35);
  expect((await storage.load()).snapshot!.id).not.toBe(rotten);
  expect(rig.failures).toEqual([]);
  await rig.stop();
});

test('given a machine that asks for a snapshot from within apply, then it holds what that apply changed', async () => {
  let count = 0;
  const machine: StateMachine = machineWith({
    apply: (entries: readonly Entry[]) => {
      void one.group.snapshot();
      count += entries.length;
    },
    snapshot: () => Uint8Array.of(count),
  });
  const one: One = new One({ machine, storage: new MemoryStorage({ voters: [memberId('a', 'disk')], learners: [] }) });
  await one.open();
  void one.group.propose(text('x'));
  await one.pass(100);
  expect((await one.group.snapshot()).index).toBe(one.group.appliedIndex);
});

describe('given a snapshot that is asked for the moment another ends, while a third waits for its turn', () => {
  async function threeAsked() {
    const gates: Gate[] = [];
    const encoding = { now: 0, most: 0 };
    const snapshot = async (): Promise<Uint8Array> => {
      encoding.now += 1;
      encoding.most = Math.max(encoding.most, encoding.now);
      gates.push(new Gate());
      await gates.at(-1)!.opened;
      encoding.now -= 1;
      return text('state');
    };
    const one = await applied(machineWith({ snapshot }));
    const first = one.group.snapshot();
    await one.pass(10);
    void one.group.propose(text('y'));
    await one.pass(50);
    let last: Promise<unknown> | undefined;
    void first.then(() => {
      last = one.group.snapshot();
    });
    const second = one.group.snapshot();
    gates[0]!.open();
    await one.pass(50);
    return { one, gates, encoding, second, last: last! };
  }

  test('when both are through, then one was encoded at a time, and both hold what was applied', async () => {
    const { one, gates, encoding, second, last } = await threeAsked();
    gates[1]!.open();
    await one.pass(50);
    expect(encoding.most).toBe(1);
    expect(await last).toEqual(await second);
    await one.host.stop();
  });

  test('when the member stops, then both callers hear so', async () => {
    const { one, second, last } = await threeAsked();
    void one.host.stop();
    expect(await outcomeOf(second)).toMatchObject({ code: 'ERR_RAFT_STOPPED' });
    expect(await outcomeOf(last)).toMatchObject({ code: 'ERR_RAFT_STOPPED' });
  });
});
