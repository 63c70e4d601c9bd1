import { ApiChannel, ChannelCredentials, logV1 } from '@commitlog/api';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { type Agent, createTestCluster, type TestCluster } from '../../src/index.js';
import { ask, TraceReader } from './trace-reader.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await createTestCluster({ nodes: 3 });
}, 30_000);
afterAll(() => cluster.stop(), 30_000);

async function watch(agent: Agent): Promise<TraceReader> {
  const reader = await TraceReader.open(agent.adminAddress);
  onTestFinished(() => reader.close());
  return reader;
}

async function produce(agent: Agent, value: string): Promise<void> {
  const channel = new ApiChannel({ target: agent.address }, { credentials: ChannelCredentials.createInsecure() });
  const record = { value: Buffer.from(value), offset: 0n, term: 0n, type: 0 };
  await channel.client(logV1.LogDefinition).produce({ record, log: '' });
  channel.close();
}

it('whoever watches a node is told who it is, how it is, and the way of a record from the leader to the others, but not the record', async () => {
  const leader = await cluster.leader();
  const readers = new Map<Agent, TraceReader>();
  for (const agent of cluster.agents.values()) readers.set(agent, await watch(agent));
  const { self } = leader.node.log.member;
  for (const [agent, { hello, events }] of readers) {
    const { member } = agent.node.log;
    const { clusterId, nodeId } = agent.node.identity;
    expect(hello).toMatchObject({ v: 1, node: member.self, name: nodeId, clusterId });
    for (const field of ['atMs', 'epochMs', 'startedEpochMs']) expect(hello![field]).toEqual(expect.any(Number));
    const isLeader = agent === leader;
    const role = isLeader ? { role: 'leader' } : { role: 'follower', leader: self };
    expect(events[0]).toMatchObject({ v: 1, node: member.self, event: 'role', ...role });
    expect(events[1]).toMatchObject({ event: 'configuration', voters: expect.arrayContaining([self]) });
  }
  const secret = 'what nobody but clients may see';
  await produce(leader, secret);
  const index = leader.node.log.member.status.commitIndex;
  for (const [agent, reader] of readers) {
    const added = await reader.until('the append', ({ event, last }) => event === 'append' && Number(last) >= index);
    expect(added.cause).toBe(agent === leader ? 'proposed' : 'from the leader');
    await reader.until('the commit', ({ event, upTo }) => event === 'commit' && Number(upTo) >= index);
    for (const form of ['utf8', 'base64', 'hex'] as const) {
      expect(reader.text).not.toContain(Buffer.from(secret).toString(form).replace(/=+$/, ''));
    }
  }
  const [follower] = [...readers].find(([agent]) => agent !== leader)!;
  const sent = await readers
    .get(leader)!
    .until(
      'the sending',
      ({ event, cause, to }) => event === 'send' && cause === 'append' && to === follower.node.log.member.self,
    );
  await readers
    .get(follower)!
    .until(
      'its receipt',
      ({ event, from, message }) => event === 'receive' && from === self && message === sent.message,
    );
});

it('the page may be opened, and does nothing but show, and read traces', async () => {
  const { adminAddress } = await cluster.leader();
  const { status, headers, body } = await ask(adminAddress, '/timeline?watch=http://127.0.0.1:1');
  expect(status).toBe(200);
  expect(body).toMatch(/^<!doctype html>/i);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['x-content-type-options']).toBe('nosniff');
  const policy = headers['content-security-policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("connect-src 'self' http://127.0.0.1:* http://localhost:*;");
});

it('pages of other nodes on this machine may read the trace; pages of the internet, and names that point here, may not', async () => {
  const { adminAddress } = await cluster.leader();
  const trace = (headers: Record<string, string>) => ask(adminAddress, '/trace', { headers });
  const other = [...cluster.agents.values()].map((agent) => agent.adminAddress).find((each) => each !== adminAddress);
  const granted = await trace({ origin: `http://${other}` });
  expect(granted).toMatchObject({
    status: 200,
    headers: { 'access-control-allow-origin': `http://${other}`, vary: 'Origin' },
  });
  for (const headers of [
    { origin: 'http://evil.example' },
    { host: 'evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    const refused = await trace(headers);
    expect(refused).toMatchObject({ status: 403, body: expect.stringMatching(/^.{20,}\n$/) });
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  }
});

it('nothing can be done there: only GET and HEAD are taken, and HEAD watches nothing', async () => {
  const { adminAddress } = await cluster.leader();
  for (const path of ['/trace', '/timeline']) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect(await ask(adminAddress, path, { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
    expect(await ask(adminAddress, path, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  }
  await viewersOf(adminAddress, 0);
});

it('eight may watch, a ninth is told to wait, and does once one has left', async () => {
  const agent = await cluster.leader();
  const readers: TraceReader[] = [];
  for (let count = 0; count < 8; count += 1) readers.push(await watch(agent));
  await viewersOf(agent.adminAddress, 8);
  const refused = await ask(agent.adminAddress, '/trace');
  expect(refused).toMatchObject({ status: 503, body: '8 watch this node already: close a page that does\n' });
  readers[0]!.close();
  await viewersOf(agent.adminAddress, 7);
  await watch(agent);
});

it('a leader that is stopped while it is watched shows how it hands over, ends the stream, and stops', async () => {
  const leader = await cluster.leader();
  const { nodeId } = leader.node.identity;
  const follower = [...cluster.agents.values()].find((agent) => agent !== leader)!;
  const [reader, other] = [await watch(leader), await watch(follower)];
  await cluster.stopNode(nodeId);
  await vi.waitFor(() => expect(reader.hasEnded).toBe(true));
  await reader.until('the transfer', ({ event }) => event === 'transfer');
  await reader.until('the next leader', ({ event, role }) => event === 'role' && role === 'follower');
  await other.until(
    'the next term',
    ({ event, term }) => event === 'role' && Number(term) > Number(reader.events[0]!.term),
  );
  await cluster.startNode(nodeId);
}, 30_000);

async function viewersOf(adminAddress: string, count: number): Promise<void> {
  await vi.waitFor(async () => {
    expect((await ask(adminAddress, '/metrics')).body).toMatch(new RegExp(`^commitlog_trace_viewers ${count}$`, 'm'));
  }, 10_000);
}
