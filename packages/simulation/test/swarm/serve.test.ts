import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type SeedResult, serveSeeds, type Traced } from '../../src/swarm/index.js';

function run(seed: string, { onTrace }: Traced): SeedResult {
  onTrace?.('a\n');
  onTrace?.('b\n');
  return { seed, violation: null, vacuous: null, simulatedMs: 1, sometimes: {} };
}

test('given jobs, then a seed is answered with its result, traced if asked for, and what is beside with what that comes to', async () => {
  const { port1: main, port2: worker } = new MessageChannel();
  serveSeeds(worker, run, ({ count }: { count: number }) => ({ twice: 2 * count }));
  const answered = async (job: object): Promise<unknown> => {
    main.postMessage(job);
    return (await once(main, 'message'))[0];
  };
  const result = run('0x1', {});
  expect(await answered({ seed: '0x1', isTraced: false })).toEqual({ result, trace: null });
  expect(await answered({ seed: '0x1', isTraced: true })).toEqual({ result, trace: 'a\nb\n' });
  expect(await answered({ count: 4 })).toEqual({ twice: 8 });
  main.close();
});
