import { SeededRandom } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { appendEach, batchOf, quiet, refused, World } from './world.js';

const state = { term: 3, vote: 'a', commitHint: 1, storageId: '0'.repeat(32) };

it('given a state that was saved, when the power is cut in any way, then it is there', async () => {
  const world = new World();
  const log = await world.open();
  await log.saveHardState(state);
  for (const { disk } of world.disk.crashStates({ random: new SeededRandom(1), variantsMax: 8 })) {
    expect((await new World(disk).open()).hardState).toEqual(state);
  }
});

it('given the power is cut at any operation of a save, then the old state is there or the new one, and both copies are good again', async () => {
  const next = { ...state, term: 4, vote: 'b' };
  for (let at = 1; at <= 4; at += 1) {
    const world = new World();
    const log = await world.open();
    await log.saveHardState(state);
    let count = 0;
    world.disk.onOperation = () => {
      count += 1;
      if (count === at) world.disk.cutPower();
    };
    await expect(log.saveHardState(next)).rejects.toThrow(/power/);
    for (const { disk } of world.disk.crashStates({ random: new SeededRandom(at), variantsMax: 8 })) {
      const after = new World(disk);
      const { hardState } = await after.open();
      expect([state, next]).toContainEqual(hardState);
      const bytes = after.bytesOf('HARDSTATE');
      expect(bytes.subarray(0, 512).equals(bytes.subarray(4096))).toBe(true);
    }
  }
});

it('given one copy is damaged, when the log is opened, then the copy is made anew', async () => {
  for (const byte of [40, 4096 + 40]) {
    const world = new World();
    const log = await world.open();
    await log.saveHardState(state);
    await log.close();
    world.flip('HARDSTATE', byte);
    const again = await world.open();
    expect(again.hardState).toEqual(state);
    const bytes = world.bytesOf('HARDSTATE');
    expect(bytes.subarray(0, 512).equals(bytes.subarray(4096))).toBe(true);
  }
});

it('given a write that fails, then the state before stands, and can be changed later', async () => {
  const world = new World();
  const log = await world.open();
  await log.saveHardState(state);
  for (const after of [0, 1]) {
    world.disk.inject({ method: 'write', path: /HARDSTATE$/, code: 'ENOSPC', after, writtenBytes: 100 });
    await refused(log.saveHardState({ ...state, term: 9 }), 'no-space');
    expect(log.hardState).toEqual(state);
  }
  await log.saveHardState({ ...state, term: 10 });
  expect((await new World(world.disk.clone()).open()).hardState.term).toBe(10);
});

it('given a segment that was written in a later term, when the log is opened, then the term is that one, with no vote in it', async () => {
  const world = new World();
  const log = await world.open();
  await log.saveHardState(state);
  await log.append(batchOf('a'), { term: 8 });
  await log.close();
  expect((await world.open()).hardState).toEqual({ ...state, term: 8, vote: null });
});

// A reader must resume or be told, never be silently dead: nats.node 590, etcd3 78.
it('given a reader waits at the end, when saving the hard state fences the log, then the reader is told', async () => {
  const world = new World();
  const log = await world.open();
  await appendEach(log, 'a');
  let told: unknown;
  log.reached(2).catch((error: unknown) => {
    told = error;
  });
  world.disk.inject({ method: 'sync', path: /HARDSTATE$/, code: 'EIO' });
  await refused(log.saveHardState(state), 'fenced');
  await refused(log.append(batchOf('b')), 'fenced');
  await quiet();
  expect(told).toMatchObject({ code: 'fenced' });
});

// `fdatasync` fails once and then succeeds: Rebello et al., ATC 2020.
it('given two hard states are saved at once, when the sync of the first fails, then the second is not confirmed either', async () => {
  const world = new World();
  const log = await world.open();
  world.disk.inject({ method: 'sync', path: /HARDSTATE$/, code: 'EIO' });
  const [first, second] = await Promise.allSettled([
    log.saveHardState(state),
    log.saveHardState({ ...state, term: 4, vote: 'b' }),
  ]);
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'fenced' } });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'fenced' } });
});

it('given the wrong cluster, when the log is opened, then its hard state is left as it is', async () => {
  const world = new World();
  const log = await world.open();
  await log.saveHardState(state);
  await log.close();
  // One copy was not written when the power went.
  world.flip('HARDSTATE', 4096 + 100);
  const before = world.snapshot;
  await refused(world.open({ cluster: 'ab'.repeat(16) }), 'wrong-directory');
  expect(world.snapshot).toEqual(before);
});

it('given a hard state that its owner changes after the call, then what was saved is as it was', async () => {
  const world = new World();
  const log = await world.open();
  const state = { term: 4, vote: 'c', commitHint: 0, storageId: '0'.repeat(32) };
  const saved = log.saveHardState(state);
  state.vote = 'd';
  await saved;
  expect(log.hardState.vote).toBe('c');
  Object.assign(log.hardState, { vote: 'e' });
  expect(log.hardState.vote).toBe('c');
  await log.close();
  expect((await world.open()).hardState.vote).toBe('c');
});

// The write that failed may have spoilt the first copy: the next save must not begin with the only good one.
it('given a save whose second copy fails, when the next is torn by a power cut, then one of the two states is there', async () => {
  const world = new World();
  const log = await world.open();
  const state = (term: number) => ({ term, vote: `v${term}`, commitHint: 0, storageId: '0'.repeat(32) });
  await log.saveHardState(state(1));
  world.disk.inject({ method: 'write', path: /HARDSTATE$/, code: 'EIO', after: 1, writtenBytes: 10 });
  await refused(log.saveHardState(state(2)), 'io');
  const writes: number[] = [];
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'sync' && path.endsWith('HARDSTATE')) writes.push(world.disk.operationCount);
    if (writes.length === 1) world.disk.cutPower();
  };
  await log.saveHardState(state(3)).catch(() => {});
  for (const { disk } of world.disk.crashStates({ random: new SeededRandom('copies'), variantsMax: 20 })) {
    const { hardState } = await new World(disk).open();
    expect([2, 3]).toContain(hardState.term);
  }
});

// The good copy was written over the bad one before it was known whether the log can be opened.
it('given one copy is damaged, when the log cannot be opened for another reason, then nothing is changed', async () => {
  const world = new World();
  const log = await world.open();
  await log.saveHardState(state);
  await log.close();
  for (const [name, at] of [
    ['HARDSTATE', 40],
    ['SYNCED', 40],
    ['SYNCED', 4096 + 40],
  ] as const)
    world.flip(name, at);
  const before = world.snapshot;
  expect((await refused(world.open(), 'corrupt')).message).toMatch(/Nothing was changed/);
  expect(world.snapshot).toEqual(before);
});

// What was in memory and what came back after a restart were two votes.
it('given a vote with half a surrogate pair, then it is refused rather than replaced', async () => {
  const log = await new World().open();
  await refused(log.saveHardState({ ...state, vote: 'a\ud83e' }), 'settings');
  await log.saveHardState({ ...state, vote: 'a\ud83e\udeb5' });
  expect(log.hardState.vote).toBe('a\ud83e\udeb5');
});

// The repair must not begin with the only good copy.
it.each([0, 4096])(
  'given the copy at %d is damaged, when its repair is torn by a power cut, then the state is there',
  async (at) => {
    const world = new World();
    const log = await world.open();
    await log.saveHardState({ term: 3, vote: 'a', commitHint: 0, storageId: '0'.repeat(32) });
    await log.close();
    world.flip('HARDSTATE', at + 40);
    world.disk.onOperation = ({ method, path }) => {
      if (method === 'sync' && path.endsWith('HARDSTATE')) world.disk.cutPower();
    };
    await world.open().catch(() => {});
    for (const { disk } of world.disk.crashStates({ random: new SeededRandom('repair'), variantsMax: 20 })) {
      expect((await new World(disk).open()).hardState).toMatchObject({ term: 3, vote: 'a' });
    }
  },
);
