import { describe, expect, test } from 'vitest';
import { type ProposalOutcome, Proposals } from '../../src/driver/proposals.js';
import { MemoryStorage, memberId, type RaftCore, type RaftGroup, type StorageOperation } from '../../src/index.js';
import { Gate, One, outcomeOf } from './one.js';
import { DriverRig, ListMachine, text } from './rig.js';

describe('given a leader that was deposed and leads again', () => {
  function rig() {
    const log = { commitIndex: 4, terms: new Map<number, number>([[4, 1]]) };
    const core = {
      get commitIndex() {
        return log.commitIndex;
      },
      termAt: (index: number) => log.terms.get(index),
      leader: null,
    } as unknown as RaftCore;
    const proposals = new Proposals(core);
    const outcomes = new Map<string, ProposalOutcome>();
    const settle = (name: string) => (outcome: ProposalOutcome) => void outcomes.set(name, outcome);
    proposals.place(
      [settle('old 5'), settle('old 6'), settle('old 7')],
      [{ kind: 'appended', first: 5, last: 7, term: 2 }],
    );
    return { log, proposals, outcomes, settle };
  }

  test('when an index commits, then its caller need not wait for the higher ones, and nothing is said too early', () => {
    const { log, proposals, outcomes, settle } = rig();
    // The three were cut; what a leader of term 1 had left at 5 is committed at last. Theirs may still be, above it.
    log.terms.set(5, 1);
    log.commitIndex = 5;
    proposals.settle();
    expect([...outcomes.keys()]).toEqual(['old 5']);
    proposals.place([settle('new 6')], [{ kind: 'appended', first: 6, last: 6, term: 3 }]);
    log.terms.set(6, 3);
    log.commitIndex = 6;
    proposals.settle();
    expect(outcomes.get('new 6')).toEqual({ kind: 'committed', index: 6, term: 3 });
    expect(outcomes.get('old 6')).toMatchObject({ kind: 'not-applied', reason: 'overwritten' });
  });

  test('when an entry of a later term commits, then everything of an earlier one above it is over', () => {
    const { log, proposals, outcomes } = rig();
    log.terms.set(5, 3);
    log.commitIndex = 5;
    proposals.settle();
    for (const name of ['old 5', 'old 6', 'old 7']) {
      expect(outcomes.get(name)).toMatchObject({ kind: 'not-applied', reason: 'overwritten' });
    }
  });
});

test('given a deposed leader, when another leads and nobody proposes any more, then its callers hear from it all the same', async () => {
  const rig = await new DriverRig().open();
  const old = await rig.leader();
  rig.network.disconnect(old.self.slice(0, 1));
  const outcomes = Array.from({ length: 10 }, (_, at) => old.propose(text(`${at}`)));
  await rig.until('another leads', () => rig.groups.some((group) => group !== old && group.status.commitIndex > 2));
  rig.network.reconnect(old.self.slice(0, 1));
  await rig.pass(2000);
  for (const outcome of outcomes) expect(await outcomeOf(outcome)).toMatchObject({ reason: 'overwritten' });
  await rig.stop();
});

test('given a storage that throws instead of rejecting, when something is proposed, then its caller is answered', async () => {
  let isClosed = false;
  class Closing extends MemoryStorage {
    override write(operations: readonly StorageOperation[]): Promise<void> {
      if (isClosed) throw new Error('the log is closed');
      return super.write(operations);
    }
  }
  const one = await new One({ storage: new Closing({ voters: [memberId('a', 'disk')], learners: [] }) }).open();
  isClosed = true;
  const proposed = one.group.propose(text('x'));
  const changed = one.group.changeMembers(one.group.status.configuration.index, [one.self], []);
  expect(await outcomeOf(proposed)).toMatchObject({ kind: 'unknown' });
  expect(await outcomeOf(changed)).toMatchObject({ kind: 'not-applied' });
  expect(one.failures).toHaveLength(1);
});

test('given a machine that changes the members from within apply, when it commits, then it is told so', async () => {
  const told: Promise<ProposalOutcome>[] = [];
  const machine = new ListMachine();
  const apply = machine.apply.bind(machine);
  let group: RaftGroup;
  machine.apply = (entries) => {
    apply(entries);
    if (told.length > 0) return;
    told.push(group.propose(text('behind')));
    told.push(group.changeMembers(group.status.configuration.index, [one.self], [memberId('b', 'disk')]));
  };
  const one = await new One({ machine }).open();
  group = one.group;
  void group.propose(text('add b'));
  await one.pass(200);
  const outcomes = await Promise.all(told.map(outcomeOf));
  expect(outcomes).toMatchObject([{ kind: 'committed' }, { kind: 'committed' }]);
  expect(group.status.configuration.configuration.learners).toEqual([memberId('b', 'disk')]);
});

test('given a member that changes members as soon as it leads, then it is told what came of it', async () => {
  const told: Promise<ProposalOutcome>[] = [];
  const one: One = new One({
    components: {
      onRole: (role) => {
        if (role === 'leader') told.push(one.group.changeMembers(1, [one.self], [memberId('b', 'disk')]));
      },
    },
  });
  await one.open();
  expect(told).toHaveLength(1);
  // It has not committed an entry of its own yet.
  expect(await outcomeOf(told[0]!)).toMatchObject({ kind: 'not-applied', reason: 'not-ready' });
});

test('given more in one turn than fits, when one is refused, then none after it overtakes it', async () => {
  const gate = new Gate();
  class Slow extends MemoryStorage {
    isSlow = false;
    override async write(operations: readonly StorageOperation[]): Promise<void> {
      if (this.isSlow) await gate.opened;
      await super.write(operations);
    }
  }
  const storage = new Slow({ voters: [memberId('a', 'disk')], learners: [] });
  const one = await new One({ storage, init: { uncommittedBytesMax: 300 } }).open();
  storage.isSlow = true;
  void one.group.propose(text('first'));
  await one.pass(10);
  const outcomes = ['a', 'b', 'c'.repeat(300), 'd', 'e'].map((each) => one.group.propose(text(each)));
  await one.pass(10);
  gate.open();
  await one.pass(100);
  const kinds = (await Promise.all(outcomes)).map((outcome) => outcome.kind);
  expect(kinds).toEqual(['committed', 'committed', 'not-applied', 'not-applied', 'not-applied']);
});

test('given what is no Uint8Array, when it is proposed, then the caller is told and nothing else happens', async () => {
  const one = await new One().open();
  for (const wrong of [undefined, null, 'text', 5, new ArrayBuffer(3)]) {
    await expect(one.group.propose(wrong as unknown as Uint8Array)).rejects.toBeInstanceOf(TypeError);
  }
  expect(await one.group.propose(text('right'))).toMatchObject({ kind: 'committed' });
  await expect(one.group.changeMembers(1, ['nobody' as never], [])).rejects.toBeInstanceOf(TypeError);
});

test('given a leader that a change under load removes, when the change is done, then every proposal has its answer', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const others = rig.members.filter((member) => member !== leader.self);
  const outcomes: Promise<ProposalOutcome>[] = [];
  for (let count = 0; count < 400; count += 1) {
    if (count === 50) void leader.changeMembers(leader.status.configuration.index, others, []);
    outcomes.push(leader.propose(text(`p${count}`)));
    await Promise.resolve();
  }
  await rig.pass(30_000);
  const kinds = await Promise.all(outcomes.map(outcomeOf));
  expect(kinds.filter((kind) => kind === 'pending')).toEqual([]);
  expect(leader.isLeader).toBe(false);
});

test('given a state machine that proposes and changes members at once, when its proposals find no room together, then none overtakes another', async () => {
  const told: Promise<ProposalOutcome>[] = [];
  class Proposing extends ListMachine {
    override apply(entries: Parameters<ListMachine['apply']>[0]): void {
      super.apply(entries);
      if (!this.texts.includes('go') || told.length > 0) return;
      const change = () => void one.group.changeMembers(one.group.status.configuration.index, [one.self], []);
      told.push(one.group.propose(text('a'.repeat(150))), one.group.propose(text('b'.repeat(150))));
      change();
      told.push(one.group.propose(text('c')));
      change();
      told.push(one.group.propose(text('d')));
    }
  }
  const one = await new One({ machine: new Proposing(), init: { uncommittedBytesMax: 300 } }).open();
  await outcomeOf(one.group.propose(text('go')));
  const outcomes = await Promise.all(told.map((outcome) => outcomeOf(outcome)));
  expect(outcomes).toMatchObject([
    { kind: 'committed' },
    { reason: 'overloaded' },
    { reason: 'overloaded' },
    { reason: 'overloaded' },
  ]);
  expect(await outcomeOf(one.group.propose(text('e')))).toMatchObject({ kind: 'committed' });
});
