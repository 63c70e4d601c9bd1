import { nodeClock } from '@commitlog/runtime/node';
import { expect, it } from 'vitest';
import { encodeClusterState } from '../../src/cluster/cluster-state.js';
import { Removals, type RemovalsComponents } from '../../src/cluster/removals.js';
import { Wakeup } from '../../src/cluster/wakeup.js';

it('given as many removed nodes as are remembered, then one more is refused in words, and nothing changes', async () => {
  const removed = new Set(Array.from({ length: 256 }, (_, at) => `old-${at}`));
  const metadata = encodeClusterState({ clusterId: 'c', targetVoters: 3, removed });
  let changed: string | undefined;
  const configuration = { voters: ['n1@a', 'n2@b'], outgoing: [], learners: [], learnersNext: [] };
  const log = {
    metadata,
    member: { isLeader: true, status: { configuration: { configuration } } },
    changeMetadata: async (change: (current: string) => string) => {
      changed = change(metadata);
    },
  } as unknown as RemovalsComponents['log'];
  const removals = new Removals({ log, roster: { known: () => new Map() }, wakeup: new Wakeup({ clock: nodeClock }) });

  const refusal = removals.remove('n2', AbortSignal.timeout(10_000));

  await expect(refusal).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', message: expect.stringContaining('256') });
  expect(changed).toBeUndefined();
});
