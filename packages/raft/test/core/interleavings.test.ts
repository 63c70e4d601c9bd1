import { expect, test } from 'vitest';
import { entry, Lab, member } from '../../sim/scenarios/lab.js';

/* Orders of events that are rare, and once went wrong. */

const settings = { isPreVoteOn: false };

test('given a conflicting suffix and a commit in one append, the hint that is written before the cut names no entry that is to be cut', () => {
  const lab = new Lab({ log: [1, 1, 1, 1], term: 1, commit: 2, settings });
  lab.isSyncing = false;
  lab.append(2, { term: 3, prevIndex: 2, prevTerm: 1, entries: [entry(3, 3), entry(4, 3)], commit: 4 });
  const write = lab.effects.findLast((effect) => effect.kind === 'persist')!;
  expect(write).toMatchObject({ truncateFrom: 3, hardState: { term: 3, commit: 2 } });
});

test('given entries that were read back for a follower, when the log is compacted meanwhile, the follower is sent a snapshot', () => {
  const log = [1, 1, 1, 1, 1, 1, 1, 1];
  const lab = new Lab({ log, term: 1, commit: 8, settings: { ...settings, cacheBytesMax: 1 } }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: lab.status.lastIndex });
  const effects = lab.core.step(
    {
      kind: 'message',
      message: {
        id: 99,
        from: member(3),
        to: member(1),
        term: lab.core.term,
        kind: 'append-rejected',
        rejected: 8,
        hintIndex: 2,
        hintTerm: 1,
      },
    },
    lab.nowMs,
  );
  const read = effects.find((effect) => effect.kind === 'read');
  expect(read).toMatchObject({ first: 3 });
  const snapshot = { ...lab.core.snapshot!, id: 'newer', index: 8, term: 1 };
  lab.step({ kind: 'compacted', snapshot, upTo: 8 });
  const entries = [3, 4, 5].map((index) => entry(index, 1));
  const after = lab.step({ kind: 'read-done', read: read?.kind === 'read' ? read.read : 0, entries });
  expect(after).toContainEqual(expect.objectContaining({ kind: 'read-snapshot', offset: 0 }));
});

test('given a caught-up follower whose hole a snapshot mends, it is sent entries again', () => {
  const log = [1, 1, 1, 1, 1, 1];
  const lab = new Lab({ log, term: 1, commit: 6, settings }).becomeLeader([2]);
  const last = lab.status.lastIndex;
  lab.receive('append-accepted', 2, { match: last });
  lab.receive('append-accepted', 3, { match: last });
  lab.step({ kind: 'compacted', snapshot: { ...lab.core.snapshot!, id: 'newer', index: 6, term: 1 }, upTo: 6 });
  const asked = lab.receive('fetch', 3, { first: 4, last: 4 });
  expect(asked).toContainEqual(expect.objectContaining({ kind: 'read-snapshot' }));
  lab.receive('append-accepted', 3, { match: last });
  lab.clear();
  lab.propose();
  const sent = lab.take('append').filter(({ to, entries }) => to === member(3) && entries.length > 0);
  expect(sent).toHaveLength(1);
});

test('given a follower whose disk hangs, it takes what was on the way, and then nothing more', () => {
  const lab = new Lab({ settings: { ...settings, diskStallMs: 50 } });
  lab.isSyncing = false;
  lab.append(2, { term: 1, entries: [entry(1, 1)] });
  for (let beat = 0; beat < 100; beat += 1) {
    lab.nowMs += 10;
    lab.receive('heartbeat', 2, { round: beat + 1, commit: 0 });
    const prevIndex = lab.status.lastIndex;
    lab.append(2, { prevIndex, prevTerm: 1, entries: [entry(prevIndex + 1, 1)] });
  }
  expect(lab.status.lastIndex).toBeLessThan(10);
  expect(lab.core.held.pendingWrites).toBeLessThan(10);
});

test('given a follower that acknowledges nothing, reads do not widen its window', () => {
  const lab = new Lab({ settings: { ...settings, inflightCountMax: 2, appendEntriesMax: 1 } }).becomeLeader([2]);
  for (let count = 0; count < 50; count += 1) lab.propose();
  lab.receive('append-accepted', 2, { match: lab.status.lastIndex });
  lab.receive('append-accepted', 3, { match: 1 });
  lab.clear();
  for (let token = 0; token < 100; token += 1) {
    lab.step({ kind: 'read', token });
    for (const { to, round } of lab.take('heartbeat')) if (to === member(3)) lab.receive('heartbeat-ack', 3, { round });
  }
  expect(lab.take('append').filter(({ to }) => to === member(3)).length).toBeLessThanOrEqual(2);
});

test('given a learner that caught up once and then took nothing more, it does not become a voter', () => {
  const lab = new Lab({ learners: [member(4)], settings }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 1 });
  lab.receive('append-accepted', 4, { match: 1 });
  for (let count = 0; count < 100; count += 1) {
    lab.propose();
    lab.receive('append-accepted', 2, { match: lab.status.lastIndex });
    lab.pass(10);
    for (const { to, round } of lab.take('heartbeat')) {
      lab.receive('heartbeat-ack', Number(to.slice(1, 2)), { round });
    }
  }
  const voters = [1, 2, 3, 4].map(member);
  const effects = lab.step({ kind: 'propose-membership', expects: 0, voters, learners: [] });
  expect(effects).toContainEqual(expect.objectContaining({ kind: 'refused', reason: 'not-caught-up' }));
});

test('given a leader whose heartbeats are not answered while its appends are, its own reads time out all the same', () => {
  const lab = new Lab({ settings: { ...settings, readTimeoutMs: 300 } }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 1 });
  lab.step({ kind: 'read', token: 7 });
  for (let count = 0; count < 40; count += 1) {
    lab.propose();
    lab.receive('append-accepted', 2, { match: lab.status.lastIndex });
    lab.pass(10);
  }
  expect(lab.effects).toContainEqual({ kind: 'read-refused', token: 7, reason: 'timeout' });
});

test('given members that all restarted and do not know how far the log is committed, one still mends the other', () => {
  const lab = new Lab({ log: [1, 1, 1, 1], term: 1, commit: 0, settings, stored: { unreadable: [2] } });
  lab.receive('fetch', 2, { first: 4, last: 4 });
  expect(lab.take('fetched')).toMatchObject([{ to: member(2), commit: 0, entries: [{ index: 4, term: 1 }] }]);
});

test('given a link so slow that a part of a snapshot takes ten heartbeats, few parts are sent twice', () => {
  const times = { heartbeatMs: 10, electionTimeoutMs: 100 };
  const lab = new Lab({ log: [1, 1, 1, 1], term: 1, commit: 4, settings: { ...settings, ...times } }).becomeLeader([2]);
  lab.step({ kind: 'compacted', snapshot: { ...lab.core.snapshot!, id: 'long', index: 4, term: 1 }, upTo: 4 });
  lab.receive('append-rejected', 3, { rejected: lab.status.lastIndex - 1, hintIndex: 0, hintTerm: 0 });
  // The link carries one part at a time.
  const onTheWay: { readonly dueMs: number; readonly offset: number }[] = [];
  let [sent, got] = [0, 0];
  for (; lab.nowMs < 10_000 && got < 30; lab.nowMs += 1) {
    if (lab.nowMs % 10 === 0) lab.step({ kind: 'tick' });
    for (const { to, round } of lab.take('heartbeat')) lab.receive('heartbeat-ack', Number(to[1]), { round });
    if (onTheWay[0] !== undefined && onTheWay[0].dueMs <= lab.nowMs) {
      if (onTheWay.shift()!.offset === got) got += 1;
      lab.receive('snapshot-wants', 3, { snapshotId: 'long', offset: got });
    }
    for (const effect of lab.effects.splice(0)) {
      if (effect.kind !== 'read-snapshot') continue;
      lab.step({ kind: 'snapshot-read', read: effect.read, data: new Uint8Array(1), isLast: false });
    }
    for (const { offset } of lab.take('snapshot-chunk')) {
      sent += 1;
      onTheWay.push({ dueMs: Math.max(lab.nowMs, onTheWay.at(-1)?.dueMs ?? 0) + 100, offset });
    }
  }
  expect(got).toBe(30);
  expect(sent).toBeLessThan(45);
});

test('given a full disk while the last part of a snapshot is kept, the member goes on, and takes it when there is room', () => {
  const lab = new Lab({ log: [1, 1], term: 2, settings });
  lab.isSyncing = false;
  const snapshot = { ...lab.core.snapshot!, id: 'far', index: 10, term: 2 };
  const chunk = { term: 2, snapshot, offset: 0, data: new Uint8Array(5), isLast: true };
  const staged = lab.receive('snapshot-chunk', 2, chunk).find((effect) => effect.kind === 'stage-chunk')!;
  lab.step({ kind: 'write-failed', from: staged.kind === 'stage-chunk' ? staged.write : 0, isFatal: false });
  expect(lab.status).toMatchObject({ isHalted: false, lastIndex: 2 });
  lab.isSyncing = true;
  lab.receive('snapshot-chunk', 2, chunk);
  expect(lab.effects).toContainEqual(expect.objectContaining({ kind: 'restore', snapshot }));
  expect(lab.status).toMatchObject({ lastIndex: 10, durableIndex: 10, commitIndex: 10 });
});

test('given a snapshot that takes the place of the log, the restore is told of before the commit that it brings', () => {
  const lab = new Lab({ log: [1, 1], term: 2, settings });
  const snapshot = { ...lab.core.snapshot!, id: 'far', index: 10, term: 2 };
  lab.receive('snapshot-chunk', 2, { term: 2, snapshot, offset: 0, data: new Uint8Array(5), isLast: true });
  const kinds = lab.effects.map((effect) => effect.kind);
  expect(kinds.indexOf('restore')).toBeLessThan(kinds.indexOf('commit'));
});

test('given proposals of one turn that exceed the cap together, none is taken', () => {
  const lab = new Lab({ settings: { ...settings, uncommittedBytesMax: 200 } }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 1 });
  const effects = lab.step({ kind: 'propose', data: [new Uint8Array(150), new Uint8Array(150)] });
  expect(effects).toMatchObject([{ kind: 'refused', reason: 'overloaded' }]);
});

test('given an answer to a round that has not begun, the leader takes no notice, and goes on', () => {
  const lab = new Lab({ settings }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 1 });
  lab.step({ kind: 'read', token: 7 });
  lab.receive('heartbeat-ack', 2, { round: 1_000_000 });
  expect(lab.role).toBe('leader');
  expect(lab.effects).not.toContainEqual(expect.objectContaining({ kind: 'read-ready' }));
});

test('given an entry that is replaced while it is being read for another member, it is not sent beside the newer commit', () => {
  const settingsOfServer = { ...settings, cacheBytesMax: 1 };
  const lab = new Lab({ log: [1, 1, 4, 4], term: 4, commit: 2, settings: settingsOfServer });
  const header = { id: 50, from: member(3), to: member(1), term: 4 };
  const fetch = { ...header, kind: 'fetch', first: 3, last: 3, snapshotId: '', offset: 0 } as const;
  const read = lab.core.step({ kind: 'message', message: fetch }, lab.nowMs).find((effect) => effect.kind === 'read');
  expect(read).toMatchObject({ first: 3 });
  lab.append(2, { term: 5, prevIndex: 2, prevTerm: 1, entries: [entry(3, 5)], commit: 3 });
  expect(lab.status.commitIndex).toBe(3);
  lab.step({ kind: 'read-done', read: read?.kind === 'read' ? read.read : 0, entries: [entry(3, 4)] });
  expect(lab.take('fetched').flatMap(({ entries }) => entries)).toEqual([]);
});

test('given a disk that hangs, it is handed one part of a snapshot, and the next when that is written', () => {
  const lab = new Lab({ term: 2, settings });
  lab.isSyncing = false;
  const snapshot = { ...lab.core.snapshot!, id: 'far', index: 10, term: 2 };
  const part = (offset: number) => ({ term: 2, snapshot, offset, data: new Uint8Array(5), isLast: false });
  lab.receive('snapshot-chunk', 2, part(0));
  lab.receive('snapshot-chunk', 2, part(5));
  expect(lab.take('snapshot-wants')).toEqual([]);
  lab.sync();
  expect(lab.take('snapshot-wants')).toMatchObject([{ offset: 5 }]);
  expect(lab.effects.filter(({ kind }) => kind === 'stage-chunk')).toHaveLength(1);
});

test('given repairs behind a disk that hangs, nothing more is fetched nor taken', () => {
  const lab = new Lab({ log: [1, 1, 1], term: 1, commit: 3, settings, stored: { unreadable: [2] } });
  lab.isSyncing = false;
  lab.pass(15);
  expect(lab.take('fetch')).toHaveLength(1);
  for (let answers = 0; answers < 3; answers += 1) lab.receive('fetched', 2, { commit: 3, entries: [entry(2, 1)] });
  lab.pass(100);
  expect(lab.take('fetch')).toHaveLength(0);
  expect(lab.effects.filter((effect) => effect.kind === 'persist' && effect.repairs.length > 0)).toHaveLength(1);
});

test('given a follower whose window is full, it is asked where it stands, and nothing is sent twice', () => {
  const caps = { inflightCountMax: 2, appendEntriesMax: 1 };
  const lab = new Lab({ settings: { ...settings, ...caps } }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 1 });
  lab.receive('append-accepted', 3, { match: 1 });
  for (let count = 0; count < 5; count += 1) lab.propose();
  lab.clear();
  for (let beat = 0; beat < 5; beat += 1) {
    lab.pass(10);
    for (const { to, round } of lab.take('heartbeat')) lab.receive('heartbeat-ack', Number(to.slice(1, 2)), { round });
  }
  const appends = lab.take('append').filter(({ to }) => to === member(3));
  expect(appends.length).toBeGreaterThan(0);
  expect(appends.flatMap(({ entries }) => entries)).toEqual([]);
});

test('given a snapshot at the index of its own, the member names the one that its disk keeps: the later', () => {
  const lab = new Lab({ log: [1, 1, 1], term: 1, commit: 3, settings, stored: { unreadable: [2] } });
  lab.step({ kind: 'compacted', snapshot: { ...lab.core.snapshot!, id: 'own', index: 3, term: 1 }, upTo: 0 });
  const snapshot = { ...lab.core.snapshot!, id: 'theirs' };
  lab.receive('snapshot-chunk', 2, { snapshot, offset: 0, data: new Uint8Array(5), isLast: true });
  expect(lab.core.snapshot?.id).toBe('theirs');
});

test('given a transfer after which nobody was heard, it has not taken place', () => {
  const lab = new Lab({ settings }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 1 });
  lab.step({ kind: 'transfer', to: member(2) });
  expect(lab.take('timeout-now')).toHaveLength(1);
  lab.pass(300);
  expect(lab.effects.filter(({ kind }) => kind === 'transfer-ended')).toEqual([
    { kind: 'transfer-ended', to: member(2), isDone: false },
  ]);
});

test('given a leader whose disk hangs while others commit without it, what it keeps in memory stays under the cap', () => {
  const lab = new Lab({ settings: { ...settings, uncommittedBytesMax: 1000, diskStallMs: 10_000 } }).becomeLeader([2]);
  for (const from of [2, 3]) lab.receive('append-accepted', from, { match: lab.status.lastIndex });
  lab.isSyncing = false;
  for (let count = 0; count < 500; count += 1) {
    lab.propose();
    for (const from of [2, 3]) lab.receive('append-accepted', from, { match: lab.status.lastIndex });
  }
  expect(lab.status.commitIndex).toBe(lab.status.lastIndex);
  expect(lab.status.lastIndex).toBeLessThan(100);
  lab.sync();
  const before = lab.status.lastIndex;
  lab.propose();
  expect(lab.status.lastIndex).toBe(before + 1);
});

test('given a hole, when somebody has another entry in its place, it is cut only if that one is committed', () => {
  const holed = (): Lab => new Lab({ log: [1, 1, 1, 1], term: 3, commit: 1, settings, stored: { unreadable: [3] } });
  const kept = holed();
  kept.receive('fetched', 2, { commit: 2, entries: [entry(3, 2)] });
  expect(kept.log).toEqual([1, 1, 1, 1]);
  const cut = holed();
  cut.receive('fetched', 2, { commit: 3, entries: [entry(3, 2)] });
  expect(cut.log).toEqual([1, 1]);
});

test('given a read whose round nobody had answered when its leader resigned, when that leads again, then it is confirmed anew, and not as of then', () => {
  const lab = new Lab({ log: [1, 1], term: 1, commit: 2, settings }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 3 });
  lab.step({ kind: 'read', token: 7 });
  lab.receive('stale-term', 3, { term: lab.core.term + 5 });
  lab.becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 4 });
  for (let beat = 0; beat < 3; beat += 1) {
    for (const { round, to } of lab.take('heartbeat')) {
      if (to === member(2)) lab.receive('heartbeat-ack', 2, { round });
    }
    lab.pass(50);
  }
  const ready = lab.effects.filter((effect) => effect.kind === 'read-ready');
  expect(ready).toEqual([{ kind: 'read-ready', token: 7, index: 4 }]);
});

test('given a link that is slow for a probe, then that is asked for, not repeated, and once it is lost carries one entry', () => {
  const lab = new Lab({ settings: { ...settings, heartbeatMs: 10, electionTimeoutMs: 100 } }).becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 1 });
  for (let count = 0; count < 20; count += 1) lab.propose();
  const ofThree = () => lab.take('append').filter(({ to }) => to === member(3));
  lab.clear();
  lab.receive('append-rejected', 3, { rejected: 0, hintIndex: 0, hintTerm: 0 });
  expect(ofThree()).toMatchObject([{ prevIndex: 0, entries: { length: 21 } }]);
  for (let beat = 0; beat < 100; beat += 1) {
    lab.pass(10);
    for (const { to, round } of lab.take('heartbeat')) lab.receive('heartbeat-ack', Number(to.slice(1, 2)), { round });
  }
  const asked = ofThree();
  expect(asked.length).toBeGreaterThan(50);
  expect(asked.filter(({ entries, prevIndex }) => entries.length > 0 || prevIndex !== 21)).toEqual([]);
  // It was lost.
  lab.receive('append-rejected', 3, { rejected: 21, hintIndex: 0, hintTerm: 0 });
  expect(ofThree()).toMatchObject([{ prevIndex: 0, entries: [{ index: 1 }] }]);
  lab.receive('append-accepted', 3, { match: 1 });
  expect(ofThree().flatMap(({ entries }) => entries)).toHaveLength(20);
});
