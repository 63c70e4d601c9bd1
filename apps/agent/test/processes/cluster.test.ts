import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminV1, logV1, membershipV1, raftV1 } from '@commitlog/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type NodeProcess, ProcessCluster } from '../../faults/cluster.js';
import { judge } from '../../faults/judge.js';
import { Load } from '../../faults/load.js';
import { TraceRecorder } from '../../faults/trace-recorder.js';
import { leaveTimeline } from './leave-timeline.js';

const recordOf = (value: string) => ({ value: Buffer.from(value), offset: 0n, term: 0n, type: 0 });

/** Three agents as processes, over mutual TLS. One after the other, these tests do what they say to the same three. */
describe('three processes with certificates', () => {
  let dir: string;
  let cluster: ProcessCluster;
  let recorder: TraceRecorder;
  const log = (node: NodeProcess, subject?: string) => cluster.client(node, logV1.LogDefinition, subject);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'commitlog-processes-'));
    cluster = await ProcessCluster.create(dir, ['n1', 'n2', 'n3']);
    recorder = new TraceRecorder(cluster.nodes);
    await cluster.start(...cluster.nodes);
    await cluster.leader(3);
  }, 120_000);
  beforeEach(({ onTestFailed, task }) => onTestFailed(() => leaveTimeline(recorder, task.name)));
  afterAll(async () => {
    recorder.stop();
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  }, 30_000);

  /** Nothing may be lost, doubled, reordered or different on two nodes. */
  async function judged(load: Load): Promise<void> {
    await load.stop();
    await load.collect();
    const { problems, passed } = judge(load.history);
    expect(problems).toEqual([]);
    expect(passed).toBe(true);
  }

  it('given records that were produced, one by one and by a stream, then they are consumed on every node, and streamed there', async () => {
    const leader = log(await cluster.leader());
    const { offset } = await leader.produce({ record: recordOf('tea'), log: '' });
    const stream = leader.produceStream();
    for (const value of ['milk', 'sugar']) await stream.write({ record: recordOf(value), log: '' });
    stream.end();
    for await (const _ of stream);
    for (const node of cluster.nodes) {
      const { record } = await log(node).consume({ offset, log: '' });
      expect(Buffer.from(record!.value).toString()).toBe('tea');
      const seen: string[] = [];
      for await (const { record: next } of log(node).consumeStream({ offset, log: '' })) {
        seen.push(Buffer.from(next!.value).toString());
        if (seen.length === 3) break;
      }
      expect(seen).toEqual(['tea', 'milk', 'sugar']);
    }
  });

  it('given clients without a grant, then each is refused what it has none for, and told no more', async () => {
    const node = await cluster.leader();
    const denied = { code: 'PERMISSION_DENIED' };
    await expect(log(node, 'nobody').produce({ record: recordOf('x'), log: '' })).rejects.toMatchObject(denied);
    await expect(log(node, 'nobody').consume({ offset: 0n, log: 'unheard-of' })).rejects.toMatchObject(denied);
    await expect(log(node, 'reader').produce({ record: recordOf('x'), log: '' })).rejects.toMatchObject(denied);
    await expect(log(node, 'reader').consume({ offset: 0n, log: '' })).resolves.toBeDefined();
    const admin = cluster.client(node, adminV1.AdminServiceDefinition, 'reader');
    await expect(admin.listMembers({})).rejects.toMatchObject(denied);
    expect((await log(node, 'nobody').getServers({})).servers.length).toBe(3);
  });

  it("given a client's certificate, then what is for nodes is refused, whatever it says of itself", async () => {
    const node = await cluster.leader();
    const handshake = {
      ...{ protocolMin: 1, protocolMax: 1, toNodeId: '', toStorageId: '' },
      clusterId: '',
      nodeId: 'n2',
      storageId: 's',
    };
    const denied = { code: 'PERMISSION_DENIED' };
    const membership = cluster.client(node, membershipV1.MembershipServiceDefinition);
    await expect(membership.identify({ handshake })).rejects.toMatchObject(denied);
    await expect(membership.leave({ handshake })).rejects.toMatchObject(denied);
    const stream = cluster.client(node, raftV1.RaftServiceDefinition).control();
    void stream.write({ content: { $case: 'handshake', value: handshake } }).catch(() => {});
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject(denied);
  });

  it('given a leader that is killed under load, then another leads, and every acknowledged record is there once, on all', async () => {
    const load = await Load.start(cluster, { writers: 4, recordsPerBatch: 5 });
    await load.acknowledge(200);
    const leader = await cluster.leader();
    await cluster.signal(leader, 'SIGKILL');
    await load.acknowledge(200);
    await cluster.start(leader);
    await load.acknowledge(200);
    await judged(load);
  }, 120_000);

  it('given all killed at once under load, when they are started again, then every acknowledged record is there once, on all', async () => {
    const load = await Load.start(cluster, { writers: 4, recordsPerBatch: 5 });
    await load.acknowledge(200);
    await Promise.all(cluster.nodes.map((node) => cluster.signal(node, 'SIGKILL')));
    await cluster.start(...cluster.nodes);
    await load.acknowledge(200);
    await judged(load);
  }, 120_000);

  it('given a leader that is told to stop under load, then it hands over, ends well, and nothing is lost', async () => {
    const load = await Load.start(cluster, { writers: 4, recordsPerBatch: 5 });
    await load.acknowledge(200);
    const leader = await cluster.leader(3);
    expect(await cluster.signal(leader, 'SIGTERM')).toBe(0);
    expect(await readFile(cluster.logPath(leader), 'utf8')).toContain('leadership was handed over');
    await load.acknowledge(200);
    await cluster.start(leader);
    await judged(load);
  }, 120_000);

  it('given a leader that is told to stop, and told again, then it stops at once, and nothing is lost', async () => {
    const load = await Load.start(cluster, { writers: 4, recordsPerBatch: 5 });
    await load.acknowledge(200);
    const leader = await cluster.leader(3);
    const process = leader.process!;
    const ended = once(process, 'exit');
    // Both wait for it when it goes on: there is no time to stop in between.
    for (const signal of ['SIGSTOP', 'SIGTERM', 'SIGINT', 'SIGCONT'] as const) process.kill(signal);
    const [status] = await ended;
    expect([128 + 15, 128 + 2]).toContain(status);
    await load.acknowledge(200);
    await cluster.start(leader);
    await judged(load);
  }, 120_000);

  it('given all that was done to them, then their timeline has it, and a failed test would leave it', async () => {
    const file = join(dir, 'timelines', 'all.html');
    expect(await recorder.leave('all', file)).toContain(file);
    const page = await readFile(file, 'utf8');
    const seen = [...page.matchAll(/"node":"(n\d)@\w+".*"event":"(crash|role)"(?:.*"role":"(leader)")?/g)];
    const nodesOf = (what: string): Set<string> =>
      new Set(seen.filter((each) => each.includes(what)).map((each) => each[1]!));
    expect([...nodesOf('crash')].toSorted(), 'all were killed').toEqual(['n1', 'n2', 'n3']);
    expect(nodesOf('leader').size, 'and another led').toBeGreaterThan(1);
  });
});
