import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiChannel, adminV1, ChannelCredentials, logV1, type ServiceDefinition } from '@commitlog/api';
import { nodeOf } from '@commitlog/raft';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Agent, createAgent, createTestCluster, type TestCluster } from '../../src/index.js';

const patience = { timeout: 20_000, interval: 50 };
const { Role, Health } = adminV1;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe('three agents in one process', () => {
  let cluster: TestCluster;
  const channels: ApiChannel[] = [];

  beforeAll(async () => {
    cluster = await createTestCluster({ nodes: 3 });
  }, 30_000);
  afterAll(async () => {
    for (const channel of channels) channel.close();
    await cluster.stop();
  }, 30_000);

  function client<S extends ServiceDefinition>(agent: Agent, service: S) {
    const channel = new ApiChannel({ target: agent.address }, { credentials: ChannelCredentials.createInsecure() });
    channels.push(channel);
    return channel.client(service);
  }
  const admin = (agent: Agent) => client(agent, adminV1.AdminServiceDefinition);
  const produce = async (agent: Agent, value: string): Promise<bigint> => {
    const record = { value: Buffer.from(value), offset: 0n, term: 0n, type: 0 };
    return (await client(agent, logV1.LogDefinition).produce({ record, log: '' })).offset;
  };
  const consume = async (agent: Agent, offset: bigint): Promise<string> => {
    const { record } = await client(agent, logV1.LogDefinition).consume({ offset, log: '' });
    return Buffer.from(record!.value).toString();
  };
  const follower = async (): Promise<Agent> => {
    const leader = await cluster.leader();
    return [...cluster.agents.values()].find((agent) => agent !== leader)!;
  };

  it('then all vote, and each tells clients of the three', async () => {
    const leader = await cluster.leader();
    for (const agent of cluster.agents.values()) {
      const { servers } = await client(agent, logV1.LogDefinition).getServers({});
      expect(servers.map(({ rpcAddr }) => rpcAddr).sort()).toEqual([...cluster.addresses].sort());
      expect(servers.filter(({ isLeader }) => isLeader).map(({ rpcAddr }) => rpcAddr)).toEqual([leader.address]);
      const { members } = await admin(agent).listMembers({});
      expect(members.map(({ nodeId, role, health }) => [nodeId, role, health])).toEqual(
        ['n1', 'n2', 'n3'].map((node) => [node, Role.VOTER, Health.ALIVE]),
      );
    }
  });

  it('given a record that was produced, then it is consumed on every node', async () => {
    const offset = await produce(await cluster.leader(), 'tea');
    for (const agent of cluster.agents.values()) expect(await consume(agent, offset)).toBe('tea');
  });

  it('given health, metrics and build information, then they are served over plain HTTP', async () => {
    const leader = await cluster.leader();
    await produce(leader, 'counted');
    const get = (path: string) => fetch(`http://${leader.adminAddress}${path}`);
    for (const path of ['/livez', '/readyz']) expect((await get(path)).status).toBe(200);
    expect(await (await get('/buildz')).json()).toMatchObject({ name: 'commitlog-agent' });
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toMatch(/^commitlog_raft_is_leader 1$/m);
    expect(metrics).toMatch(/^commitlog_raft_voters 3$/m);
    expect(metrics).toMatch(/^commitlog_gossip_members\{status="alive"\} 3$/m);
    expect(metrics).toMatch(/^commitlog_rpc_calls_total\{method="\/log\.v1\.Log\/Produce",code="OK"\} \d+$/m);
    expect(metrics).toMatch(/^commitlog_scrub_damaged_batches_total 0$/m);
    expect((await get('/nothing')).status).toBe(404);
  });

  it('given a follower, when it is asked for what only the leader does, then it says where the leader is', async () => {
    const leader = await cluster.leader();
    await expect(admin(await follower()).removeMember({ nodeId: 'n1' })).rejects.toMatchObject({
      code: 'NOT_LEADER',
      leader: { address: leader.address },
    });
  });

  it('given a leader that is to hand over, then another leads, and nothing is lost', async () => {
    const before = await cluster.leader();
    const offset = await produce(before, 'before');
    const { leaderId } = await admin(before).transferLeadership({ toNodeId: '' });
    const after = await cluster.leader();
    expect(after.node.identity.nodeId).toBe(leaderId);
    expect(after).not.toBe(before);
    expect(await consume(after, offset)).toBe('before');
  });

  it('given a log that is trimmed, then it starts there on every node', async () => {
    const leader = await cluster.leader();
    const offset = await produce(leader, 'kept');
    const { startOffset } = await admin(leader).trimLog({ log: '', beforeOffset: offset });
    expect(startOffset).toBe(offset);
    const there = () => Promise.all([...cluster.agents.values()].map((agent) => admin(agent).getLogInfo({ log: '' })));
    await vi.waitFor(async () => {
      expect((await there()).map((info) => info.startOffset)).toEqual([offset, offset, offset]);
    }, patience);
    const [info] = await there();
    expect(info).toMatchObject({ log: 'default', endOffset: offset + 1n });
    expect(info!.firstAppendTimeMs).toBeGreaterThan(1_600_000_000_000n);
    // The trim itself is a batch behind it.
    expect(info!.firstAppendTimeMs).toBeLessThanOrEqual(info!.lastAppendTimeMs!);
  });

  it('given a fourth node, then it learns; when a voter is removed, then it takes its place, and that one stays out until it is added', async () => {
    await cluster.startNode('n4');
    const roles = async () => {
      const { members } = await admin(await cluster.leader()).listMembers({});
      return Object.fromEntries(members.map(({ nodeId, role }) => [nodeId, Role[role]]));
    };
    await vi.waitFor(async () => expect(await roles()).toMatchObject({ n4: 'LEARNER' }), patience);
    // It is to have the whole log before somebody else goes.
    await vi.waitFor(async () => {
      const { self, members } = await cluster.leader().then(({ node }) => node.log.member.status);
      expect(members.filter(({ member, isCaughtUp }) => member !== self && isCaughtUp).length).toBe(3);
    }, patience);
    const out = (await follower()).node.identity.nodeId;
    const others = ['n1', 'n2', 'n3', 'n4'].filter((node) => node !== out);
    await admin(await cluster.leader()).removeMember({ nodeId: out });
    await vi.waitFor(
      async () =>
        expect(await roles()).toEqual({
          [out]: 'REMOVED',
          ...Object.fromEntries(others.map((node) => [node, 'VOTER'])),
        }),
      patience,
    );
    // It comes back by itself, and stays out.
    await cluster.stopNode(out);
    const returned = await cluster.startNode(out);
    expect(returned.node.identity.nodeId).toBe(out);
    await vi.waitFor(async () => {
      const { members } = await admin(await cluster.leader()).listMembers({});
      expect(members.find(({ nodeId }) => nodeId === out)).toMatchObject({ health: Health.ALIVE, role: Role.REMOVED });
    }, patience);
    await admin(await cluster.leader()).addMember({ nodeId: out });
    await vi.waitFor(async () => expect(await roles()).toMatchObject({ [out]: 'LEARNER' }), patience);
  }, 60_000);

  it.each([
    ['removeMember', 'ghost', 'MEMBER_NOT_FOUND'],
    ['removeMember', '', 'INVALID_REQUEST'],
    ['addMember', 'ghost', 'MEMBER_NOT_FOUND'],
    ['addMember', 'n4', 'MEMBER_EXISTS'],
  ] as const)('given %s of "%s", then it is refused as %s', async (method, nodeId, code) => {
    await expect(admin(await cluster.leader())[method]({ nodeId })).rejects.toMatchObject({ code });
  });

  it('given a second bootstrap where a node answers, then it is refused', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'commitlog-second-'));
    const places = { 'data-dir': directory, listen: '127.0.0.1:0', 'admin-addr': '127.0.0.1:0' };
    const settings = { ...places, 'node-id': 'n9', insecure: true, bootstrap: true, join: [...cluster.addresses] };
    const agent = createAgent(settings, { logger: silent });
    await expect(agent.start()).rejects.toMatchObject({ code: 'bootstrap-refused' });
    await agent.stop();
    await rm(directory, { recursive: true });
  });
});

describe('a data directory', () => {
  it('given one whose log is gone, then its node refuses to start: it has forgotten what it promised', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'commitlog-lost-'));
    const settings = {
      'node-id': 'n1',
      'data-dir': dir,
      insecure: true,
      listen: '127.0.0.1:0',
      'admin-addr': '127.0.0.1:0',
    };
    const first = createAgent({ ...settings, bootstrap: true }, { logger: silent });
    await first.start();
    await first.stop();
    await rm(join(dir, 'logs'), { recursive: true });
    const second = createAgent(settings, { logger: silent });
    await expect(second.start()).rejects.toThrow(/logs\/default/);
    await rm(dir, { recursive: true });
  });
});

describe('a node that leaves when it stops', () => {
  it('given three, then it is out, and stays out', async () => {
    const cluster = await createTestCluster({ nodes: 2 });
    const members = async () => {
      const { node } = await cluster.leader();
      const { voters, outgoing, learners } = node.log.member.status.configuration.configuration;
      return [voters, outgoing, learners].map((list) => list.map(nodeOf).sort().join(' '));
    };
    try {
      await cluster.startNode('n3', { 'leave-on-stop': true });
      await vi.waitFor(async () => expect(await members()).toEqual(['n1 n2 n3', '', '']), patience);
      await cluster.stopNode('n3');
      expect(await members()).toEqual(['n1 n2', '', '']);
    } finally {
      await cluster.stop();
    }
  }, 60_000);
});
