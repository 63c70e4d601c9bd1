import { createTestCluster, type TestCluster } from '@commitlog/agent';
import { afterEach, expect, test } from 'vitest';
import { type Commitlog, type CommitlogError, connect, text } from '../src/index.js';
import { until } from './fake-server.js';

let cluster: TestCluster;
let log: Commitlog<string>;

async function given(deadlineMs = 20_000): Promise<void> {
  cluster = await createTestCluster({ nodes: 3 });
  log = await connect({ servers: cluster.addresses, insecure: true, codec: text(), deadlineMs });
}

afterEach(async () => {
  await log.close();
  await cluster.stop();
}, 60_000);

/** Appends one after the other, and several at a time, until it is told to stop. */
function load(): {
  readonly acknowledged: Map<number, string>;
  readonly failures: CommitlogError[];
  readonly stop: () => Promise<void>;
} {
  const acknowledged = new Map<number, string>();
  const failures: CommitlogError[] = [];
  let isOver = false;
  const work = async (name: string): Promise<void> => {
    for (let at = 0; !isOver; at += 1) {
      const value = `${name} ${at}`;
      await log.append(value).then(
        ({ offset }) => acknowledged.set(offset, value),
        (error: CommitlogError) => failures.push(error),
      );
    }
  };
  const working = ['a', 'b', 'c', 'd'].map(work);
  return {
    acknowledged,
    failures,
    stop: async () => {
      isOver = true;
      await Promise.all(working);
    },
  };
}

const more = (acknowledged: ReadonlyMap<number, string>) => {
  const wanted = acknowledged.size + 50;
  return until('fifty more are acknowledged', () => acknowledged.size >= wanted, 30_000);
};

test('given a leader that stops under load, then every append is in the log once, and a reader sees each once, in order', async () => {
  await given();
  const reading = log.read({ follow: true });
  const seen: string[] = [];
  const reader = (async () => {
    for await (const { offset, value } of reading) {
      expect(offset).toBe(seen.length);
      seen.push(value);
    }
  })();
  const { acknowledged, failures, stop } = load();
  await more(acknowledged);
  for (let round = 0; round < 1; round += 1) {
    const { nodeId } = await leading();
    await cluster.stopNode(nodeId);
    await more(acknowledged);
    await cluster.startNode(nodeId);
    await more(acknowledged);
  }
  await stop();
  expect(failures).toEqual([]);
  await until('the reader has seen all', () => seen.length > Math.max(...acknowledged.keys()), 20_000);
  await reading.close();
  await reader;
  for (const [offset, value] of acknowledged) expect(seen[offset]).toBe(value);
  expect(new Set(seen).size, 'nothing is there twice').toBe(seen.length);
  // Nobody failed, so nothing else is there.
  expect(seen.length).toBe(acknowledged.size);
}, 90_000);

test('given all servers that restart under a client, then it finds them again within its deadline (grpc-node 2785)', async () => {
  await given();
  const reading = log.read({ follow: true });
  const iterator = reading[Symbol.asyncIterator]();
  const before = await log.append('before');
  expect((await iterator.next()).value).toMatchObject({ value: 'before' });
  const nodes = [...cluster.agents.keys()];
  await Promise.all(nodes.map((node) => cluster.stopNode(node)));
  const during = log.append('during');
  await Promise.all(nodes.map((node) => cluster.startNode(node)));
  expect((await during).offset).toBe(before.offset + 1);
  expect((await iterator.next()).value).toMatchObject({ value: 'during', offset: before.offset + 1 });
  await reading.close();
}, 90_000);

test('given a cluster that is down, then every call settles within its deadline, and tells what became of it (ioredis 285)', async () => {
  await given(1000);
  await log.append('before');
  const producer = log.producer();
  await producer.append('before, too');
  const following = log.read({ from: 'end', follow: true })[Symbol.asyncIterator]().next();
  await Promise.all([...cluster.agents.keys()].map((node) => cluster.stopNode(node)));
  const beganMs = performance.now();
  const calls = {
    append: log.append('x'),
    conditional: log.append('x', { expectedOffset: 2 }),
    get: log.get(0),
    produced: producer.append('x'),
    flushed: producer.flush(),
    closed: producer.close(),
    connected: connect({ servers: '127.0.0.1:1', insecure: true, deadlineMs: 1000 }),
    following,
  };
  const settled = await Promise.allSettled(Object.values(calls));
  expect(performance.now() - beganMs).toBeLessThan(5000);
  for (const { status } of settled) expect(status).toBe('rejected');
  const outcomes = settled.slice(0, 4).map((call) => (call as PromiseRejectedResult).reason.outcome);
  // The first of each stream may have left before its end was noticed; behind it nothing was sent.
  const either = expect.stringMatching(/^(not-applied|unknown)$/);
  expect(outcomes).toEqual([either, 'not-applied', undefined, either]);
  const closingMs = performance.now();
  await log.close();
  expect(performance.now() - closingMs).toBeLessThan(2000);
}, 90_000);

async function leading(): Promise<{ readonly nodeId: string }> {
  const leader = await cluster.leader();
  const [nodeId] = [...cluster.agents].find(([, agent]) => agent === leader)!;
  return { nodeId };
}
