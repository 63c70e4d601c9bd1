import { describe, expect, test } from 'vitest';
import { type Given, Lab, type LabInit, member } from '../../sim/scenarios/lab.js';
import { Rig } from '../../sim/scenarios/rig.js';
import type { Effect } from '../../src/index.js';

/* A hole whose entry others have compacted is mended by a snapshot of whoever is asked, leader or not. */

const settings = { isPreVoteOn: false, snapshotChunkBytes: 10 };

test('given a hole that all others have compacted, on the voter with the longest log, that nobody can be elected without, then it is mended, and leads', () => {
  const rig = new Rig(3, { snapshotEvery: 10 });
  const longest = rig.leader();
  // This one keeps its whole log.
  Object.assign(longest.init, { snapshotEvery: 0 });
  rig.agreeTimes(25);
  const [other, gone] = rig.followers();
  rig.crash(gone!);
  rig.disconnect(longest);
  for (let count = 0; count < 3; count++) rig.propose(longest);
  rig.runFor(20);
  expect(other!.core!.status.firstIndex).toBeGreaterThan(5);
  longest.disk.rotten.add(5);
  rig.crash(longest);
  rig.restart(longest);
  rig.reconnect(longest);
  const { lastIndex } = longest.core!.status;
  expect(longest.core!.status.unreadable).toBe(1);
  rig.agreeTimes(3, 2);
  expect(rig.leader()).toBe(longest);
  expect(longest.entryAt(lastIndex)).toBeDefined();
  rig.restart(gone!);
  rig.agree();
  rig.equal();
});

describe('whoever is asked', () => {
  /** A follower that has compacted its log up to 3, with a snapshot of 4. */
  const compacted = (init: LabInit = {}): Lab => {
    const lab = new Lab({ log: [1, 1, 1, 1, 1], term: 1, commit: 5, settings, ...init });
    lab.step({ kind: 'compacted', snapshot: { ...lab.core.snapshot!, id: 'own', index: 4, term: 1 }, upTo: 3 });
    return lab;
  };
  const ask = (lab: Lab, given: Given<'fetch'>, from = 2): readonly Effect[] =>
    lab
      .receive('fetch', from, { first: 2, last: 2, snapshotId: '', offset: 0, ...given })
      .filter((effect) => effect.kind === 'read-snapshot');

  test('sends a part of its snapshot, though it does not lead', () => {
    const lab = compacted();
    const [read] = ask(lab, {});
    expect(read).toMatchObject({ offset: 0, bytesMax: 10 });
    const data = new Uint8Array(10);
    lab.step({ kind: 'snapshot-read', read: 1, data, isLast: false });
    expect(lab.take('fetched-snapshot')).toMatchObject([{ to: member(2), offset: 0, data, isLast: false, term: 1 }]);
    expect(lab.core.isSendingSnapshot).toBe(true);
  });

  test('goes on where the other is, and begins anew where that has a part of an older one', () => {
    const lab = compacted();
    expect(ask(lab, { snapshotId: 'own', offset: 20 })).toMatchObject([{ offset: 20 }]);
    expect(ask(lab, { snapshotId: 'older', offset: 20 }, 3)).toMatchObject([{ offset: 0 }]);
  });

  test('reads one part at a time for each member, however often it is asked, and none for strangers', () => {
    const lab = compacted();
    expect(ask(lab, {})).toHaveLength(1);
    expect(ask(lab, {})).toHaveLength(0);
    expect(ask(lab, {}, 3)).toHaveLength(1);
    expect(ask(lab, {}, 4)).toHaveLength(0);
    lab.step({ kind: 'snapshot-read', read: 1, data: null, isLast: false });
    expect(lab.take('fetched-snapshot')).toHaveLength(0);
    expect(ask(lab, {})).toHaveLength(1);
  });

  test('sends it for what its own disk cannot read either, and not for what lies above it', () => {
    const lab = compacted();
    lab.step({ kind: 'unreadable', indexes: [4, 5] });
    expect(ask(lab, { first: 4, last: 4 })).toHaveLength(1);
    expect(ask(lab, { first: 5, last: 5 }, 3)).toHaveLength(0);
  });

  test('sends the entry while it is in its log', () => {
    const lab = compacted({ settings: { ...settings, cacheBytesMax: 1 } });
    expect(ask(lab, { first: 4, last: 4 })).toHaveLength(0);
    expect(lab.effects.at(-1)).toMatchObject({ kind: 'send', message: { kind: 'fetched' } });
  });
});

describe('whoever has the hole', () => {
  const holed = (init: LabInit = {}): Lab => {
    const lab = new Lab({ log: [1, 1, 1, 2, 2], term: 2, commit: 1, settings, stored: { unreadable: [2] }, ...init });
    lab.pass(20);
    lab.clear();
    return lab;
  };
  const part = (
    lab: Lab,
    from: number,
    given: Given<'fetched-snapshot'> & { index?: number; snapshotTerm?: number },
  ) => {
    const { index = 3, snapshotTerm = 1, ...rest } = given;
    const snapshot = { ...lab.core.snapshot!, id: 'theirs', index, term: snapshotTerm, ...given.snapshot };
    const message = { offset: 0, data: new Uint8Array(10), isLast: true, ...rest, snapshot };
    return lab.receive('fetched-snapshot', from, message);
  };
  const staged = (lab: Lab): number => lab.effects.filter(({ kind }) => kind === 'stage-chunk').length;

  test('keeps what follows the snapshot in its log, where they agree, and may campaign again', () => {
    const lab = holed();
    part(lab, 2, {});
    expect(lab.effects).toContainEqual(expect.objectContaining({ kind: 'restore' }));
    expect(lab.status).toMatchObject({ firstIndex: 4, lastIndex: 5, unreadable: 0, commitIndex: 3, durableIndex: 5 });
    expect(lab.effects.some((effect) => effect.kind === 'persist' && effect.truncateFrom !== undefined)).toBe(false);
    lab.pass(250);
    expect(lab.take('request-vote')[0]).toMatchObject({ lastIndex: 5, lastTerm: 2 });
  });

  test('gives up a suffix that conflicts with what the snapshot holds: that was never committed', () => {
    const lab = holed();
    part(lab, 2, { index: 4, snapshotTerm: 3, term: 3 });
    expect(lab.status).toMatchObject({ firstIndex: 5, lastIndex: 4, lastTerm: 3, unreadable: 0, commitIndex: 4 });
    expect(lab.effects).toContainEqual(expect.objectContaining({ kind: 'persist', truncateFrom: 5 }));
  });

  test('acknowledges nothing to its leader, which may not have sent it', () => {
    const lab = holed();
    lab.append(2, { term: 2, prevIndex: 5, prevTerm: 2 });
    lab.clear();
    part(lab, 3, {});
    expect(lab.status.unreadable).toBe(0);
    expect(lab.take('append-accepted')).toHaveLength(0);
    lab.append(2, { term: 2, prevIndex: 5, prevTerm: 2 });
    expect(lab.take('append-accepted')[0]).toMatchObject({ match: 5 });
  });

  test('enters the term in which its sender takes it for committed, before it relies on any leader to have it', () => {
    const lab = holed();
    part(lab, 2, { term: 7, isLast: false });
    expect(lab.status).toMatchObject({ term: 7, vote: null, leader: null });
    expect(lab.take('fetch')).toMatchObject([{ to: member(2), snapshotId: 'theirs', offset: 10 }]);
  });

  test('leaves a snapshot of a later term alone while its leader is alive', () => {
    const lab = holed();
    lab.receive('heartbeat', 2, { term: 2, round: 1, commit: 1 });
    part(lab, 3, { term: 7 });
    expect(lab.status).toMatchObject({ term: 2, leader: member(2), unreadable: 1 });
    expect(staged(lab)).toBe(0);
  });

  test('takes the parts in order, each once, and from one source', () => {
    const lab = holed();
    part(lab, 2, { isLast: false });
    part(lab, 2, { isLast: false });
    part(lab, 2, { isLast: false, offset: 20 });
    const other = { ...lab.core.snapshot!, id: 'another' };
    part(lab, 3, { snapshot: { ...other, index: 4, term: 2 }, isLast: false });
    expect(staged(lab)).toBe(1);
    part(lab, 2, { offset: 10 });
    expect(staged(lab)).toBe(2);
    expect(lab.status.unreadable).toBe(0);
  });

  test('turns to another source when the first falls silent, and not back to what comes late', () => {
    const lab = holed();
    part(lab, 2, { isLast: false });
    lab.clear();
    lab.pass(400);
    const asked = lab.take('fetch').map(({ to }) => to);
    expect(asked.slice(0, 2)).toEqual([member(2), member(2)]);
    expect(asked).toContain(member(3));
    const other = { ...lab.core.snapshot!, id: 'another', index: 4, term: 2 };
    part(lab, 3, { snapshot: other, isLast: false });
    part(lab, 2, { offset: 10 });
    expect(lab.status.unreadable).toBe(1);
    part(lab, 3, { snapshot: other, offset: 10 });
    expect(lab.status).toMatchObject({ unreadable: 0, firstIndex: 5 });
  });

  test('is not fed by others while its leader sends it a snapshot, and asks on when that leader is gone', () => {
    const lab = holed();
    const snapshot = { ...lab.core.snapshot!, id: 'leaders', index: 3, term: 1 };
    lab.receive('snapshot-chunk', 2, { term: 2, snapshot, offset: 0, data: new Uint8Array(10), isLast: false });
    lab.clear();
    part(lab, 3, {});
    lab.pass(90);
    expect(staged(lab)).toBe(1);
    expect(lab.take('fetch')).toHaveLength(0);
    lab.receive('stale-term', 3, { term: 3 });
    lab.pass(100);
    expect(lab.take('fetch')).toContainEqual(expect.objectContaining({ snapshotId: 'leaders', offset: 10 }));
    part(lab, 3, { snapshot, offset: 10 });
    expect(lab.status.unreadable).toBe(0);
  });

  test('asks others when its leader, which is alive, no longer sends the rest', () => {
    const lab = holed();
    const snapshot = { ...lab.core.snapshot!, id: 'leaders', index: 3, term: 1 };
    const chunk = { term: 2, snapshot, offset: 0, data: new Uint8Array(10), isLast: false };
    lab.receive('snapshot-chunk', 2, chunk);
    lab.clear();
    const passAppending = (times: number): void => {
      for (let count = 0; count < times; count++) {
        lab.append(2, { term: 2, prevIndex: 5, prevTerm: 2, commit: 5 });
        lab.pass(50);
      }
    };
    passAppending(3);
    expect(lab.take('fetch')).toHaveLength(0);
    passAppending(4);
    expect(lab.take('fetch')).toContainEqual(expect.objectContaining({ snapshotId: 'leaders', offset: 10 }));
    part(lab, 3, { snapshot, offset: 10 });
    expect(lab.status.unreadable).toBe(0);
  });

  test('lets a late part of a snapshot that it does not need from its leader not end the one that is on its way', () => {
    const lab = holed({ commit: 4 });
    lab.receive('heartbeat', 2, { term: 2, round: 1, commit: 4 });
    part(lab, 3, { isLast: false });
    const old = { ...lab.core.snapshot!, id: 'old', index: 1, term: 1 };
    lab.receive('snapshot-chunk', 2, { term: 2, snapshot: old, offset: 0, data: new Uint8Array(1), isLast: true });
    part(lab, 3, { offset: 10 });
    expect(lab.status.unreadable).toBe(0);
  });

  test('takes none for what is not missing, nor from a stranger', () => {
    const lab = holed();
    part(lab, 4, {});
    part(lab, 2, { index: 1 });
    expect(staged(lab)).toBe(0);
    expect(lab.status.unreadable).toBe(1);
  });

  test('hands a disk that hangs one part, and asks for no more', () => {
    const lab = holed();
    lab.isSyncing = false;
    part(lab, 2, { isLast: false });
    lab.pass(300);
    part(lab, 2, { offset: 10 });
    expect(staged(lab)).toBe(1);
    expect(lab.take('fetch')).toHaveLength(0);
    lab.sync();
    expect(lab.take('fetch')).toMatchObject([{ to: member(2), offset: 10 }]);
  });

  test('asks again at growing intervals, never longer than an election timeout', () => {
    const lab = new Lab({ log: [1, 1, 1], term: 1, commit: 3, settings, stored: { unreadable: [2] } });
    const atMs: number[] = [];
    for (; lab.nowMs < 3000; lab.pass(5)) for (const _ of lab.take('fetch')) atMs.push(lab.nowMs);
    const gaps = atMs.slice(1).map((at, index) => at - atMs[index]!);
    expect(gaps[0]).toBe(20);
    expect(Math.max(...gaps)).toBe(100);
    expect(gaps.length).toBeLessThan(35);
  });
});
