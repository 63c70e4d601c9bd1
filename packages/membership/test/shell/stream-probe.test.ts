import { nodeDatagrams } from '@commitlog/runtime/node';
import { expect, test } from 'vitest';
import { startMember, until } from './world.js';

test('given a network that drops every packet, then real streams keep the members alive to one another, and tell when one leaves', async () => {
  // What was left of a probe's time was no whole number of milliseconds, which no connection took: no stream ever helped.
  const deaf: typeof nodeDatagrams = {
    bind: async (local, _receive) => nodeDatagrams.bind(local, () => {}),
  };
  const components = { datagrams: deaf };
  const a = await startMember('a', { components });
  const b = await startMember('b', { components });
  await b.join([a.self.address]);
  await until('streams saved some probes', () => a.counters.probesSavedByStream >= 3);
  expect(a.counters.probesFailed).toBe(0);
  expect(a.member('b')!.status).toBe('alive');
  await b.leave();
  expect(a.member('b')!.status).toBe('left');
});
