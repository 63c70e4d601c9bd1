import { expect, test } from 'vitest';
import { entry, Lab, member } from '../../sim/scenarios/lab.js';
import { encodeConfiguration } from '../../src/core/configuration.js';
import type { Entry } from '../../src/index.js';

const settings = { isPreVoteOn: false };

test('given more proposals than may wait for commit, the next is refused, and taken again once there is room', () => {
  const lab = new Lab({ settings: { ...settings, uncommittedBytesMax: 200 } }).becomeLeader([2]);
  const refusals = (): number => lab.effects.filter((effect) => effect.kind === 'refused').length;
  lab.step({ kind: 'propose', data: [new Uint8Array(1000)] });
  expect(refusals()).toBe(0);
  lab.propose();
  expect(lab.effects.at(-1)).toMatchObject({ kind: 'refused', reason: 'overloaded' });
  lab.receive('append-accepted', 2, { match: 2 });
  const before = refusals();
  lab.propose();
  expect(refusals()).toBe(before);
});

test('given a change of members, it names the configuration that it expects, or is refused', () => {
  const lab = new Lab({ settings }).becomeLeader([2]);
  const change = (expects: number): unknown => {
    lab.step({ kind: 'propose-membership', expects, voters: [member(1), member(2)], learners: [] });
    return lab.effects.findLast((effect) => effect.kind === 'refused' || effect.kind === 'appended');
  };
  expect(change(0)).toMatchObject({ reason: 'not-ready' });
  lab.receive('append-accepted', 2, { match: 1 });
  expect(change(7)).toMatchObject({ reason: 'unexpected-configuration', configurationIndex: 0 });
  expect(change(0)).toMatchObject({ kind: 'appended', first: 2 });
  expect(change(2)).toMatchObject({ reason: 'change-in-progress' });
});

test('given a write that was cut and written again, the completion of the first says nothing about the second', () => {
  const lab = new Lab({ term: 1 });
  lab.isSyncing = false;
  lab.append(2, { term: 1, entries: [entry(1, 1), entry(2, 1)] });
  const first = lab.effects.findLast((effect) => effect.kind === 'persist')!;
  lab.append(3, { term: 2, entries: [entry(1, 2)] });
  if (first.kind === 'persist') lab.step({ kind: 'persisted', write: first.write });
  expect(lab.core.durableIndex).toBe(0);
  lab.sync();
  expect(lab.core.durableIndex).toBe(1);
});

test('given a pause longer than an election timeout, a follower listens again before it campaigns', () => {
  const lab = new Lab({ settings });
  lab.append(2, { term: 1 });
  lab.nowMs += 10_000;
  lab.step({ kind: 'tick' });
  expect(lab.role).toBe('follower');
  lab.pass(250);
  expect(lab.role).toBe('candidate');
});

test('given entries, their data goes out by reference, never copied', () => {
  const lab = new Lab({ settings }).becomeLeader([2]);
  const data = new Uint8Array(8);
  lab.clear();
  lab.receive('append-accepted', 2, { match: 1 });
  lab.step({ kind: 'propose', data: [data] });
  const append = lab.take('append').find((message) => message.to === member(2) && message.entries.length > 0);
  expect(append?.entries[0]?.data).toBe(data);
});

test('given a clock that goes back, the core refuses to go on', () => {
  const lab = new Lab();
  lab.pass(50);
  lab.nowMs = 0;
  expect(() => lab.step({ kind: 'tick' })).toThrow('the clock went back');
});

test('given that it is the only voter, a member campaigns at once; and not while its disk takes nothing', () => {
  const lab = new Lab({ settings, voters: 1 });
  lab.step({ kind: 'tick' });
  expect({ role: lab.role, atMs: lab.nowMs }).toEqual({ role: 'leader', atMs: 0 });

  const refused = new Lab({ settings, voters: 1 });
  refused.isSyncing = false;
  refused.step({ kind: 'tick' });
  expect(refused.role).toBe('candidate');
  refused.pass(50);
  expect(refused.core.term, 'it waits for its vote to be on disk, and draws no term with each tick').toBe(1);
});

test('given the configuration that founds a cluster, its only voter campaigns at once, though it is not committed yet', () => {
  const configuration = { voters: [member(1)], outgoing: [], learners: [] };
  const stored = { snapshot: null, configurations: [{ index: 1, configuration }] };
  const lab = new Lab({ settings, log: [1], stored });
  lab.step({ kind: 'tick' });
  expect(lab.role).toBe('leader');
});

test('given a disk that takes no vote, the only voter tries again with each election timeout, not with each tick', () => {
  const lab = new Lab({ settings, voters: 1 });
  lab.isSyncing = false;
  for (let tick = 0; tick < 200; tick++) {
    lab.nowMs += 5;
    for (const effect of lab.step({ kind: 'tick' })) {
      if (effect.kind === 'persist') lab.step({ kind: 'write-failed', from: effect.write, isFatal: false });
    }
  }
  expect(lab.core.term).toBeGreaterThan(1);
  expect(lab.core.term, 'a second holds at most ten election timeouts').toBeLessThanOrEqual(11);
});

test('given a leader that makes another the only voter, that one leaves it the time to commit the change', () => {
  const lab = new Lab({ id: 2, voters: 2 });
  const [one, two] = [member(1), member(2)];
  const configured = (index: number, outgoing: readonly (typeof one)[]): Entry => {
    const data = encodeConfiguration({ voters: [two], outgoing, learners: [] });
    return { index, term: 1, type: 'configuration', data };
  };
  lab.append(1, { term: 1, entries: [configured(1, [one, two])] });
  lab.append(1, { term: 1, prevIndex: 1, prevTerm: 1, entries: [configured(2, [])], commit: 1 });
  lab.pass(50);
  expect(lab.status).toMatchObject({ role: 'follower', leader: one, term: 1 });
  lab.pass(200);
  expect(lab.role, 'nothing was heard any more').toBe('leader');
});

test('a leader lets go of what is applied and every member has; what one lacks stays, up to the cap', () => {
  const lab = new Lab({ settings: { isPreVoteOn: false } }).becomeLeader([2]);
  for (const text of ['one', 'two', 'three']) lab.propose(text);
  const last = lab.status.lastIndex;
  lab.receive('append-accepted', 2, { match: last });
  lab.core.applied(last);
  lab.step({ kind: 'tick' });
  expect(lab.core.cached(1, last), 'the third member has nothing yet').toHaveLength(last);
  lab.receive('append-accepted', 3, { match: last - 1 });
  expect(lab.core.cached(last, last)).toHaveLength(1);
  expect(lab.core.cached(last - 1, last)).toHaveLength(0);
  lab.receive('append-accepted', 3, { match: last });
  expect(lab.core.held.cachedBytes).toBe(0);
});

test('a follower keeps what it has not applied, and no more', () => {
  const lab = new Lab();
  lab.append(2, { term: 1, entries: [entry(1, 1), entry(2, 1), entry(3, 1)], commit: 3 });
  expect(lab.core.cached(1, 3)).toHaveLength(3);
  lab.core.applied(2);
  lab.step({ kind: 'tick' });
  expect(lab.core.cached(2, 3)).toHaveLength(0);
  expect(lab.core.cached(3, 3)).toHaveLength(1);
});
