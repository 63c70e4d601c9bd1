import { expect, test } from 'vitest';
import { type Entry, MemoryStorage, type StateMachine } from '../../src/index.js';
import { One, outcomeOf } from './one.js';
import { text } from './rig.js';

/** A machine that keeps the entries it was given, by their index, and what a test adds. */
function recording(parts: Partial<StateMachine>): StateMachine & { readonly applied: number[]; restored: string } {
  const machine = {
    applied: [] as number[],
    restored: '',
    apply: (entries: readonly Entry[]) => void machine.applied.push(...entries.map(({ index }) => index)),
    snapshot: () => text('state'),
    restore: (snapshot: Uint8Array) => {
      machine.restored = Buffer.from(snapshot).toString();
    },
    ...parts,
  };
  return machine;
}

async function withEntries(one: One, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) void one.group.propose(text(`entry ${at}`));
  await one.pass(50);
}

test('given a machine that keeps state of its own, then after a restart it is given what came behind that, and nothing twice', async () => {
  const one = await new One().open();
  await withEntries(one, 5);
  await one.host.close('g');
  const machine = recording({ resume: (commit) => Math.min(commit, 2) });
  one.group = await one.openGroup('g', { machine });
  await one.pass(1500);
  expect(machine.applied).toEqual([3, 4, 5, 6, 7].filter((index) => index <= one.group.appliedIndex));
  expect(machine.applied.length).toBeGreaterThan(3);
});

test.each([
  ['below what was restored', -1],
  ['above what is known to be committed', 1000],
  ['no index', Number.NaN],
])('given a machine that claims to be %s, then it is not opened', async (_what, index) => {
  const one = await new One().open();
  await withEntries(one, 3);
  await one.host.close('g');
  const opening = one.openGroup('g', { machine: recording({ resume: () => index }) });
  await expect(opening).rejects.toThrow(/resume\(\) must give an index from/);
});

test('given a machine that needs the newest entries, when a snapshot is taken, then it is of an earlier index and the log is kept from there', async () => {
  const memory = new MemoryStorage({ voters: [new One().self], learners: [] });
  const snapshot = () => ({ index: 3, data: text('up to 3') });
  const one = await new One({ storage: memory, init: { trailing: 0 }, machine: recording({ snapshot }) }).open();
  await withEntries(one, 5);
  expect((await one.group.snapshot()).index).toBe(3);
  expect(one.group.status.firstIndex).toBe(4);
  await one.host.close('g');
  const restarted = recording({});
  one.group = await one.openGroup('g', { machine: restarted });
  await one.pass(1500);
  expect(restarted.restored).toBe('up to 3');
  expect(restarted.applied[0]).toBe(4);
});

test('given a machine that gives the state after an entry it was never given, then the snapshot is refused', async () => {
  const one = await new One({
    machine: recording({ snapshot: (index) => ({ index: index + 1, data: text('') }) }),
  }).open();
  await withEntries(one, 1);
  expect(await outcomeOf(one.group.snapshot())).toMatchObject({ message: /an index from 1 to/ });
});
