import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../../src/index.js';
import { One } from './one.js';
import { DriverRig, text } from './rig.js';

const kinds = (events: readonly TraceEvent[]): string[] => events.map(({ event }) => event);

describe('given a member that runs', () => {
  test('when somebody begins to watch, then the first events say how it is, and the next what happens from then on', async () => {
    const one = await new One().open();
    const events: TraceEvent[] = [];
    one.group.watch((event) => events.push(event));
    const { term, commitIndex: commit, lastIndex: index, durableIndex: durable } = one.group.status;
    const now = { v: 1, node: one.self, atMs: one.clock.monotonicMs(), term, commit, index };
    const cause = 'at the start of the stream';
    expect(events).toEqual([
      { ...now, event: 'role', cause, role: 'leader', vote: one.self, durable, logStart: 0 },
      { ...now, event: 'configuration', cause, configurationIndex: 1, voters: [one.self], outgoing: [], learners: [] },
    ]);
    await one.group.propose(text('a secret'));
    expect(kinds(events).slice(2)).toEqual(['append', 'persisted', 'commit']);
    expect(events.at(-1)).toMatchObject({ commit: commit + 1, upTo: commit + 1 });
  });

  test('when several watch, then each is told everything until it ends, however often it ends, and the one from the opening is, too', async () => {
    const told: Record<string, TraceEvent[]> = { opening: [], first: [], second: [] };
    const one = await new One({ components: { trace: (event) => told.opening!.push(event) } }).open();
    expect(kinds(told.opening!)).toContain('vote');
    const both = (event: TraceEvent): void => void told.second!.push(event);
    const endFirst = one.group.watch((event) => told.first!.push(event));
    const endings = [one.group.watch(both), one.group.watch(both)];
    told.second = [];
    await one.group.propose(text('x'));
    expect(kinds(told.second)).toEqual(['append', 'append', 'persisted', 'persisted', 'commit', 'commit']);
    endFirst();
    endFirst();
    endings[0]!();
    for (const name of Object.keys(told)) told[name] = [];
    await one.group.propose(text('y'));
    expect(kinds(told.first!)).toEqual([]);
    expect(kinds(told.second)).toEqual(['append', 'persisted', 'commit']);
    expect(kinds(told.opening!)).toEqual(['append', 'persisted', 'commit']);
  });

  test('when a follower is watched, then it says whom it follows', async () => {
    const rig = await new DriverRig().open();
    const leader = await rig.leader();
    const follower = rig.groups.find((group) => group !== leader)!;
    const events: TraceEvent[] = [];
    follower.watch((event) => events.push(event));
    expect(events[0]).toMatchObject({ event: 'role', role: 'follower', leader: leader.self });
    await rig.stop();
  });

  test('when one who watches throws, at once or later, then it is told as a problem, and the others are told all the same', async () => {
    const one = await new One().open();
    const bug = new Error('a bug of the program');
    const events: TraceEvent[] = [];
    one.group.watch(() => {
      throw bug;
    });
    one.group.watch((event) => events.push(event));
    expect(await one.group.propose(text('x'))).toMatchObject({ kind: 'committed' });
    expect(kinds(events)).toEqual(['role', 'configuration', 'append', 'persisted', 'commit']);
    expect(one.problems).toHaveLength(5);
    expect(one.problems[0]).toEqual({ group: 'g', kind: 'callback-threw', callback: 'trace', error: bug });
  });

  test('when it has ended, then there is nothing to watch', async () => {
    const one = await new One().open();
    const events: TraceEvent[] = [];
    await one.host.stop();
    one.group.watch((event) => events.push(event))();
    expect(events).toEqual([]);
  });
});
