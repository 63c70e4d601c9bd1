import { describe, expect, it } from 'vitest';
import { commitlog, lastLine, scratch, typed } from '../command-line.js';
import { oneNode } from '../one-node.js';
import { processesOf } from '../processes.js';

const { environment } = oneNode();

it('both: throughput and percentiles of each direction, the machine, the durability, and whether all is there', async () => {
  const args = ['bench', 'both', '--records', '3000', '--size', '100', '--warm-up', '500', '--verify', '--json'];
  const { status, out, err } = await typed(args, { environment });
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const figures = {
    records: 3000,
    recordsPerSecond: expect.any(Number),
    megabytesPerSecond: expect.any(Number),
    p50Ms: expect.any(Number),
    p99Ms: expect.any(Number),
    maxMs: expect.any(Number),
  };
  expect(lastLine(out)).toMatchObject({
    ...{ records: 3000, size: 100, verified: true },
    produce: figures,
    consume: figures,
    durability: { voters: 1, quorum: 1 },
    environment: { cores: 2, node: '20.20.0' },
  });
  const { p50Ms, p99Ms, maxMs } = lastLine(out).produce as Record<string, number>;
  expect(p50Ms).toBeGreaterThan(0);
  expect([p50Ms, p99Ms, maxMs]).toEqual([p50Ms, p99Ms, maxMs].toSorted((one, other) => one! - other!));
});

it('at a rate it takes as long as that takes, and appends in order all the same', async () => {
  const args = ['bench', 'produce', '--records', '4000', '--warm-up', '0', '--rate', '8000', '--verify', '--json'];
  const { status, out } = await typed(args, { environment });
  expect({ status, verified: lastLine(out).verified }).toEqual({ status: 0, verified: true });
  // The last one is due 3999/8000 s after the first.
  expect((lastLine(out).produce as { ms: number }).ms).toBeGreaterThanOrEqual(499);
});

it('consume reads what is there, and says it for people', async () => {
  await typed(['produce'], { environment, input: [Buffer.from('x\n'.repeat(100))] });
  const { status, out } = await typed(['bench', 'consume', '--records', '100'], { environment });
  expect(status).toBe(0);
  expect(out).toMatch(/^ {2}consume +100 /m);
  expect(out).toMatch(/^ {2}durability +acknowledged when 1 of 1 voters has written it and synced it to disk/m);
});

describe('what makes no sense is refused, with what to do', () => {
  it.each([
    ['--cluster', '2', '--cluster 2: expected 1, 3 or 5 nodes'],
    ['--size', '3', '--size 3: expected 16 to'],
    ['--records', '0', 'Expected a whole number of at least 1'],
  ])('%s %s', async (flag, value, message) => {
    const { status, err } = await typed(['bench', 'both', flag, value], { environment });
    expect(status).toBe(2);
    expect(err).toContain(message);
  });
});

it('--cluster starts one of its own, and leaves nothing behind', async () => {
  const { environment: own, temporary, leftBehind } = await scratch();
  const args = ['bench', 'produce', '--cluster', '1', '--records', '1000', '--verify', '--json'];
  const { status, out, err } = await commitlog(args, own);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(lastLine(out)).toMatchObject({ verified: true, durability: { voters: 1 } });
  expect(await leftBehind()).toEqual([]);
  expect(await processesOf(temporary)).toEqual([]);
}, 120_000);
