import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiChannel, adminV1, ChannelCredentials, membershipV1, type ServiceDefinition } from '@commitlog/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Agent, createTestCluster, type TestCluster } from '../../src/index.js';
import { keyIdOf } from '../../src/peers/keyring-file.js';

const patience = { timeout: 20_000, interval: 50 };
const nodes = ['n1', 'n2', 'n3'];
const [old, fresh, unwanted] = ['11', '22', '33'].map((byte) => Buffer.from(byte.repeat(32), 'hex')) as [
  Buffer,
  Buffer,
  Buffer,
];
const [oldId, freshId] = [keyIdOf(old), keyIdOf(fresh)];

describe('the keys of gossip, changed by admin calls', () => {
  let directory: string;
  let cluster: TestCluster;
  const channels: ApiChannel[] = [];
  const ring = (node: string): string => join(directory, `${node}.ring`);
  const keysOnDisk = async (node: string): Promise<string[]> => (await readFile(ring(node), 'utf8')).trim().split('\n');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'commitlog-rings-'));
    for (const node of nodes) await writeFile(ring(node), `${old.toString('hex')}\n`, { mode: 0o600 });
    cluster = await createTestCluster({ nodes: 1, settings: { 'gossip.keyring': ring('n1') } });
    for (const node of nodes.slice(1)) await cluster.startNode(node, { 'gossip.keyring': ring(node) });
    await everybodyHearsEverybody();
  }, 60_000);
  afterAll(async () => {
    for (const channel of channels) channel.close();
    await cluster.stop();
    await rm(directory, { recursive: true });
  }, 30_000);

  function client<S extends ServiceDefinition>(agent: Agent, service: S) {
    const channel = new ApiChannel({ target: agent.address }, { credentials: ChannelCredentials.createInsecure() });
    channels.push(channel);
    return channel.client(service);
  }
  const admin = (node = 'n1') => client(cluster.agents.get(node)!, adminV1.AdminServiceDefinition);
  async function everybodyHearsEverybody(): Promise<void> {
    const alive = () =>
      [...cluster.agents.values()].map(
        ({ node }) => node.view.gossip().filter(({ status }) => status === 'alive').length,
      );
    await vi.waitFor(() => expect(alive()).toEqual(alive().map(() => cluster.agents.size)), patience);
    await cluster.leader();
  }

  it('given a rotation, then each step is on every node, in its file, and gossip goes on', async () => {
    expect(await admin().listGossipKeys({})).toEqual({
      keys: [{ id: oldId, nodeIds: nodes, sealingNodeIds: nodes }],
      unreachableNodeIds: [],
    });
    await expect(admin().useGossipKey({ keyId: freshId })).rejects.toMatchObject({ code: 'GOSSIP_KEY_NOT_FOUND' });
    expect(await admin('n2').installGossipKey({ key: fresh })).toEqual({ keyId: freshId, unreachableNodeIds: [] });
    for (const node of nodes) expect(await keysOnDisk(node)).toEqual([old, fresh].map((key) => key.toString('hex')));
    await expect(admin().removeGossipKey({ keyId: oldId })).rejects.toMatchObject({ code: 'GOSSIP_KEY_IN_USE' });
    expect(await admin('n3').useGossipKey({ keyId: freshId })).toEqual({ unreachableNodeIds: [] });
    expect((await admin().listGossipKeys({})).keys).toEqual(
      [
        { id: oldId, nodeIds: nodes, sealingNodeIds: [] as string[] },
        { id: freshId, nodeIds: nodes, sealingNodeIds: nodes },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    expect(await admin().removeGossipKey({ keyId: oldId })).toEqual({ unreachableNodeIds: [] });
    for (const node of nodes) {
      expect(await keysOnDisk(node)).toEqual([fresh.toString('hex')]);
      expect((await stat(ring(node))).mode & 0o777).toBe(0o600);
    }
    await everybodyHearsEverybody();
  });

  it('given a node that restarts behind a rotation, then it is heard: its file has the key', async () => {
    await cluster.stopNode('n3');
    await cluster.startNode('n3', { 'gossip.keyring': ring('n3') });
    await everybodyHearsEverybody();
    expect((await admin().listGossipKeys({})).keys).toEqual([{ id: freshId, nodeIds: nodes, sealingNodeIds: nodes }]);
  }, 30_000);

  it('given a node that lacks a key, then nobody uses it before it is installed there', async () => {
    await admin().installGossipKey({ key: unwanted });
    const keyId = keyIdOf(unwanted);
    await writeFile(ring('n3'), `${fresh.toString('hex')}\n`);
    await cluster.agents.get('n3')!.reload();
    await expect(admin().useGossipKey({ keyId })).rejects.toMatchObject({
      code: 'GOSSIP_KEY_IN_USE',
      message: expect.stringContaining('"n3"'),
    });
    expect((await admin().listGossipKeys({})).keys.find(({ id }) => id === keyId)).toEqual({
      id: keyId,
      nodeIds: ['n1', 'n2'],
      sealingNodeIds: [],
    });
    expect(await admin().removeGossipKey({ keyId })).toEqual({ unreachableNodeIds: [] });
  });

  it.each([
    ['a key that is too short', () => admin().installGossipKey({ key: fresh.subarray(1) }), 'INVALID_REQUEST'],
    ['what is no id', () => admin().useGossipKey({ keyId: 'primary' }), 'INVALID_REQUEST'],
    ['an unknown key', () => admin().removeGossipKey({ keyId: oldId }), 'GOSSIP_KEY_NOT_FOUND'],
    ['the one in use', () => admin().removeGossipKey({ keyId: freshId }), 'GOSSIP_KEY_IN_USE'],
  ] as const)('given %s, then it is refused', async (_, call, code) => {
    await expect(call()).rejects.toMatchObject({ code });
  });

  it('given a node of another cluster, when it changes the keys, then it is refused', async () => {
    const { protocolMin, protocolMax } = { protocolMin: 1, protocolMax: 1 };
    const handshake = { protocolMin, protocolMax, clusterId: 'f'.repeat(32), nodeId: 'n9', storageId: '0'.repeat(32) };
    const service = client(cluster.agents.get('n1')!, membershipV1.MembershipServiceDefinition);
    const change = { $case: 'install', value: unwanted } as const;
    await expect(
      service.keyring({ handshake: { ...handshake, toNodeId: '', toStorageId: '' }, change }),
    ).rejects.toMatchObject({ code: 'WRONG_CLUSTER' });
    expect(await keysOnDisk('n1')).toEqual([fresh.toString('hex')]);
  });

  it('given a node whose file cannot be used, then the call says which node and why, and works once it can be', async () => {
    await writeFile(ring('n2'), 'nonsense\n');
    await expect(admin().installGossipKey({ key: old })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/"n2".*64 hexadecimal digits/s),
    });
    await writeFile(ring('n2'), `${fresh.toString('hex')}\n`);
    expect(await admin().installGossipKey({ key: old })).toMatchObject({ unreachableNodeIds: [] });
    expect(await admin().removeGossipKey({ keyId: oldId })).toEqual({ unreachableNodeIds: [] });
  });

  it('given a node that is down, then it is named, and the others go on', async () => {
    await cluster.stopNode('n3');
    expect(await admin().installGossipKey({ key: old })).toEqual({ keyId: oldId, unreachableNodeIds: ['n3'] });
    expect((await admin().listGossipKeys({})).unreachableNodeIds).toEqual(['n3']);
    expect(await keysOnDisk('n3')).toEqual([fresh.toString('hex')]);
  }, 30_000);
});

describe('gossip that is not sealed', () => {
  it('then there are no keys to list or change, and the node says how there would be', async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    const channel = new ApiChannel(
      { target: cluster.addresses[0]! },
      { credentials: ChannelCredentials.createInsecure() },
    );
    const admin = channel.client(adminV1.AdminServiceDefinition);
    const refused = { code: 'FAILED_PRECONDITION', message: expect.stringContaining('gossip.keyring') };
    await expect(admin.listGossipKeys({})).rejects.toMatchObject(refused);
    await expect(admin.installGossipKey({ key: old })).rejects.toMatchObject(refused);
    channel.close();
  }, 30_000);
});
