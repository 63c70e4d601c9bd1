import { SimulatedClock } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { PeerConnections } from '../../src/cluster/peer-connections.js';
import { Wakeup } from '../../src/cluster/wakeup.js';

it('given other members, then each is dialled before there is anything to say to it, and again and again, and at once on news', async () => {
  const clock = new SimulatedClock();
  const wakeup = new Wakeup({ clock });
  const dialled: string[] = [];
  const status = {
    configuration: { index: 1, configuration: { voters: ['a@1', 'b@1'], outgoing: [], learners: ['c@1'] } },
  };
  const log = { member: { self: 'a@1' as const, status: status as never } };
  const connections = new PeerConnections({ log, transport: { connect: (node) => dialled.push(node) }, wakeup });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await Promise.resolve();
  };
  connections.start();
  expect(dialled).toEqual(['b', 'c']);
  await pass(1000);
  expect(dialled).toEqual(['b', 'c', 'b', 'c']);
  wakeup.ring();
  await pass(1);
  expect(dialled).toHaveLength(6);
  connections.stop();
  await pass(10_000);
  expect(dialled).toHaveLength(6);
});
