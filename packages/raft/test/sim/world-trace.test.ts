import { expect, test } from 'vitest';
import { calm } from '../../sim/cluster.js';
import type { WorldEvent } from '../../sim/world-event.js';
import { tracedCluster } from '../../sim/world-trace.js';
import type { TraceEvent } from '../../src/index.js';

function traced(): { events: (TraceEvent | WorldEvent)[]; of: (kind: string) => object[] } & ReturnType<
  typeof tracedCluster
> {
  const events: (TraceEvent | WorldEvent)[] = [];
  const both = tracedCluster({ ...calm, seed: 7 }, (event) => void events.push(event));
  return { ...both, events, of: (kind) => events.filter(({ event }) => event === kind) };
}

test('given nodes that start, die and start again, then the trace tells it, with what they found on their disks', () => {
  const { cluster, of } = traced();
  cluster.start().runFor(2000);
  const { leader } = cluster;
  leader!.crash();
  leader!.start();
  expect(of('start')).toHaveLength(4);
  expect(of('start')[0]).toMatchObject({
    cause: 'for the first time',
    node: 'n1@s1',
    vote: null,
    durable: 1,
    logStart: 0,
  });
  expect(of('crash')).toEqual([expect.objectContaining({ node: leader!.member, cause: 'its process died' })]);
  const { term, lastIndex } = leader!.core!.status;
  expect(of('start')[3]).toMatchObject({ cause: 'again', node: leader!.member, term, index: lastIndex });
});

test('given a node that is down, then a message of it that is lost says its term, log and commit as they were, not as if it had none', () => {
  const { cluster, events } = traced();
  cluster.start().runFor(2000);
  const { leader } = cluster;
  for (const node of cluster.nodes) if (node !== leader) node.crash();
  cluster.network.quality = { ...cluster.network.quality, delayMsMin: 200, delayMsMax: 300 };
  cluster.runFor(100);
  leader!.crash();
  const diedAt = events.findIndex(({ event, node }) => event === 'crash' && node === leader!.member);
  const { term, index, commit } = events[diedAt]!;
  cluster.runFor(1000);
  const late = events.slice(diedAt).filter(({ event, node }) => event === 'lost' && node === leader!.member);
  expect(late.length).toBeGreaterThan(0);
  for (const lost of late) expect(lost).toMatchObject({ term, index, commit });
});

test('given a process that is stopped and goes on, then each is told once', () => {
  const { cluster, of } = traced();
  const [node] = cluster.start().nodes;
  node!.pause();
  node!.pause();
  node!.resume();
  node!.resume();
  expect([of('pause').length, of('resume').length]).toEqual([1, 1]);
});

test('given links that are cut together, then it is one event, before whatever is lost by it; the last to heal makes the network whole', () => {
  const { cluster, world, events, of } = traced();
  cluster.start();
  cluster.cutOff(cluster.node('n1'));
  cluster.runFor(1000);
  const cut = [
    ['n1', 'n2'],
    ['n2', 'n1'],
    ['n1', 'n3'],
    ['n3', 'n1'],
  ];
  expect(of('partition')).toEqual([expect.objectContaining({ node: 'world', atMs: 0, cut })]);
  const kinds = events.map(({ event }) => event);
  expect(kinds.indexOf('partition')).toBeLessThan(kinds.indexOf('lost'));
  cluster.network.heal('n1', 'n2');
  cluster.runFor(1);
  cluster.network.healAll();
  world.flush();
  expect(of('heal').map((event) => (event as WorldEvent).cut)).toEqual([cut.slice(1), []]);
});

test('given messages that never arrive, then each says why, and belongs to one that was sent', () => {
  const { cluster, events, of } = traced();
  cluster.start().runFor(2000);
  cluster.nodes.find((node) => !node.isLeader)!.crash();
  cluster.network.quality = { ...cluster.network.quality, drop: 0.3 };
  cluster.runFor(500);
  const causes = new Set(of('lost').map((event) => (event as WorldEvent).cause));
  expect(causes).toEqual(new Set(['nobody is there', 'the network lost it']));
  for (const lost of of('lost') as WorldEvent[]) {
    const isIt = ({ event, cause, node, message, to }: TraceEvent | WorldEvent): boolean =>
      event === 'send' && cause === lost.kind && node === lost.node && message === lost.message && to === lost.to;
    expect(events.some(isIt)).toBe(true);
  }
});
