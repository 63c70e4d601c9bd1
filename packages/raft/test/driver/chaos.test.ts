import { SeededRandom } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import type { Index, ProposalOutcome } from '../../src/index.js';
import { DriverRig, text, turns } from './rig.js';

/** What a reader was told. */
interface ReadTold {
  /** The highest index that was acknowledged when the read began. */
  readonly after: Index;
  readonly index: Index;
  /** What the state machine held when the read was answered. */
  readonly applied: Index;
}

/** What a client was told, and what it may conclude. */
interface Told {
  readonly name: string;
  outcome: ProposalOutcome | null;
}

for (const seed of ['one', 'two', 'three', 'four', 'five', 'six']) {
  test(`given members that come and go (${seed}), every caller is told the truth, and all machines end the same`, async () => {
    const random = new SeededRandom(`chaos ${seed}`);
    const rig = await new DriverRig({
      snapshotEvery: 40,
      trailing: 5,
      cacheBytesMax: 500,
      snapshotChunkBytes: 64,
    }).open();
    const told: Told[] = [];
    const reads: Promise<ReadTold | null>[] = [];
    let acknowledged = 0;
    const propose = (at: number): void => {
      const each: Told = { name: `payload ${told.length}`, outcome: null };
      told.push(each);
      void rig.groups[at]!.propose(text(each.name)).then((outcome) => {
        each.outcome = outcome;
        if (outcome.kind === 'committed') acknowledged = Math.max(acknowledged, outcome.index);
      });
    };
    const read = async (at: number): Promise<ReadTold | null> => {
      const after = acknowledged;
      const group = rig.groups[at]!;
      // Refused, or stopped: nothing was told.
      const index = await group.read().catch(() => null);
      return index === null ? null : { after, index, applied: group.appliedIndex };
    };
    for (let round = 0; round < 400; round++) {
      const leader = rig.groups.findIndex((group) => group.isLeader);
      const at = random.chance(0.8) && leader >= 0 ? leader : random.below(3);
      for (let count = random.below(4); count > 0; count--) propose(at);
      if (random.chance(0.3)) reads.push(read(random.below(3)));
      const node = ['a', 'b', 'c'][random.below(3)]!;
      if (random.chance(0.03)) rig.network.disconnect(node);
      if (random.chance(0.05)) for (const each of ['a', 'b', 'c']) rig.network.reconnect(each);
      const storage = rig.storages[random.below(3)]!;
      if (random.chance(0.01)) storage.isFull = true;
      if (random.chance(0.05)) for (const each of rig.storages) each.isFull = false;
      if (random.chance(0.01)) {
        await rig.stop();
        await rig.open();
      }
      await rig.pass(10 * (1 + random.below(3)));
    }
    for (const each of ['a', 'b', 'c']) rig.network.reconnect(each);
    for (const each of rig.storages) each.isFull = false;
    await rig.pass(5000);
    const leader = await rig.leader();
    const last = leader.propose(text('last'));
    await rig.pass(3000);
    expect((await last).kind).toBe('committed');
    const served = (await Promise.all(reads)).filter((each) => each !== null);
    expect(served.filter(({ after, index, applied }) => index < after || applied < index)).toEqual([]);
    const [one, two, three] = rig.machines.map((machine) => machine.texts);
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    expect(new Set(one).size).toBe(one!.length);
    for (const { name, outcome } of told) {
      expect(outcome, `${name} was answered`).not.toBeNull();
      const allowed = outcome!.kind === 'unknown' ? [true, false] : [outcome!.kind === 'committed'];
      expect(allowed, `${name} was told ${outcome!.kind}`).toContain(one!.includes(name));
    }
    expect(told.filter(({ outcome }) => outcome!.kind === 'committed').length).toBeGreaterThan(50);
    expect(rig.failures).toEqual([]);
    await rig.stop();
    await turns();
  });
}
