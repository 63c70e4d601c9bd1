import { expect, test } from 'vitest';
import { One, outcomeOf } from './one.js';
import { text } from './rig.js';

test('given a state machine that stands still, then its readers are refused in time, and never too many wait', async () => {
  const machine = { apply: () => new Promise<void>(() => {}) };
  const one = await new One({ machine, init: { readsMax: 10, readTimeoutMs: 500 } }).open();
  void one.group.propose(text('x'));
  await one.pass(50);
  const reads: Promise<unknown>[] = [];
  for (let count = 0; count < 20; count++) {
    reads.push(one.group.read().catch((error: unknown) => error));
    await one.pass(10);
  }
  const early = await Promise.all(reads.map(outcomeOf));
  expect(early.filter((outcome) => outcome === 'pending')).toHaveLength(10);
  await one.pass(1000);
  for (const read of reads) expect(await outcomeOf(read)).toMatchObject({ code: 'ERR_RAFT_READ_REFUSED' });
});
