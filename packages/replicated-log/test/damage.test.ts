import { expect, test } from 'vitest';
import { batchOf, Logs, valuesIn } from './logs.js';

/** About eight batches fill a segment. */
const batchBytes = 1000;

test('given two damaged batches in one segment, of which only the first is noticed, when it is read again, then both are fetched and it is whole', async () => {
  const logs = await new Logs('two holes').startAll();
  const leader = await logs.leading();
  for (let at = 0; at < 20; at += 1) {
    await logs.settled(leader.append(batchOf([`${at}`.padEnd(batchBytes, '.')])));
  }
  await logs.settle();
  const at = ((await logs.leader()) + 1) % 3;
  const disk = logs.disks[at]!;
  const sealed = disk.paths().find((path) => path.endsWith('.log'))!;
  for (const batch of [1, 4]) disk.flipBit(sealed, (batch + 0.5) * (batchBytes + 80) * 8);
  const log = logs.logs[at]!;
  const codes: unknown[] = [];
  const values = async (): Promise<string[]> => {
    for (;;) {
      try {
        return await valuesIn(log);
      } catch (error) {
        codes.push((error as { code: string }).code);
        await new Promise((resolve) => void logs.clock.after(100, () => resolve(undefined)));
      }
    }
  };
  expect((await logs.settled(values())).length).toBe(20);
  expect(codes).toContain('damaged');
  expect(logs.failures).toEqual([]);
  await logs.stop();
});
