import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ApiChannel,
  ApiServer,
  ChannelCredentials,
  logV1,
  raftV1,
  ServerCredentials,
  type ServiceClient,
} from '@commitlog/api';
import { type MemberId, memberId, nodeOf, RaftHost } from '@commitlog/raft';
import { ReplicatedLog } from '@commitlog/replicated-log';
import { nodeClock as clock, nodeFiles as files, nodeRandom as random } from '@commitlog/runtime/node';
import { vi } from 'vitest';
import { GrpcTransport, LogService } from '../src/index.js';
import { handshakeOf } from './peers/nodes.js';

/** For conditions on real sockets and disks. */
export const patience = { timeout: 20_000 };

const storageIdOf = (node: string): string => Buffer.from(node).toString('hex').padStart(32, '0');

export type LogClient = ServiceClient<typeof logV1.LogDefinition>;

/** One node of a cluster in this process: real files, real sockets, no TLS. */
export class TestNode {
  readonly name: string;
  readonly log: ReplicatedLog;
  readonly client: LogClient;
  readonly address: string;
  readonly #server: ApiServer;
  readonly #host: RaftHost;
  readonly #transport: GrpcTransport;
  readonly #channel: ApiChannel;

  private constructor(name: string, log: ReplicatedLog, server: ApiServer, host: RaftHost, transport: GrpcTransport) {
    this.name = name;
    this.log = log;
    this.#server = server;
    this.#host = host;
    this.#transport = transport;
    this.address = `127.0.0.1:${server.port}`;
    this.#channel = new ApiChannel({ target: this.address }, { credentials: ChannelCredentials.createInsecure() });
    this.client = this.#channel.client(logV1.LogDefinition);
  }

  static async start(name: string, dir: string, names: readonly string[], addresses: Map<string, string>) {
    const transport = new GrpcTransport(
      { self: { ...handshakeOf(name), storageId: storageIdOf(name) } },
      {
        addressOf: (node) => addresses.get(node),
        credentials: ChannelCredentials.createInsecure(),
        clock,
        onBroken: () => {},
      },
    );
    const server = new ApiServer(
      { address: '127.0.0.1:0' },
      {
        credentials: ServerCredentials.createInsecure(),
        security: 'insecure',
        onDefect: ({ error }) => console.error(name, error),
      },
    );
    let log: ReplicatedLog | undefined;
    const leader = (): MemberId | null => log?.member.leader ?? null;
    const service = new LogService({
      logOf: (wanted) => (wanted === 'default' ? log : undefined),
      servers: () => ({
        servers: names.map((id) => ({
          id,
          address: addresses.get(id)!,
          isLeader: leader() !== null && nodeOf(leader()!) === id,
        })),
        term: log?.member.status.term ?? 0,
      }),
    });
    server.serve(raftV1.RaftServiceDefinition, transport.handlers);
    server.serve(logV1.LogDefinition, service);
    await server.start();
    addresses.set(name, `127.0.0.1:${server.port}`);
    const host = new RaftHost({}, { transport, clock });
    const founders = { voters: names.map((each) => memberId(each, storageIdOf(each))), learners: [] };
    log = await ReplicatedLog.open(
      { id: 'default', node: name, dir: join(dir, name), storageId: storageIdOf(name), founders },
      { host, files, clock, random },
    );
    host.start();
    return new TestNode(name, log, server, host, transport);
  }

  async stop(): Promise<void> {
    this.#channel.close();
    await this.log.close();
    await this.#host.stop();
    this.#transport.close();
    await this.#server.stop(0);
  }
}

/** Nodes that found a cluster together. */
export class TestCluster {
  readonly dir: string;
  readonly nodes: TestNode[] = [];
  readonly #names: readonly string[];
  readonly #addresses = new Map<string, string>();

  private constructor(dir: string, names: readonly string[]) {
    this.dir = dir;
    this.#names = names;
  }

  static async start(names: readonly string[] = ['n1', 'n2', 'n3']): Promise<TestCluster> {
    const cluster = new TestCluster(await mkdtemp(join(tmpdir(), 'commitlog-agent-')), names);
    for (const name of names) await cluster.startNode(name);
    return cluster;
  }

  async startNode(name: string): Promise<TestNode> {
    const node = await TestNode.start(name, this.dir, this.#names, this.#addresses);
    this.nodes.push(node);
    return node;
  }

  async stopNode(node: TestNode): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    await node.stop();
  }

  /** The leader, once all that run agree on one that runs. */
  async leader(): Promise<TestNode> {
    return await vi.waitFor(() => {
      const [leader, ...others] = new Set(this.nodes.map(({ log }) => log.member.leader));
      const node = this.nodes.find(({ name }) => leader && nodeOf(leader) === name);
      if (node === undefined || others.length > 0 || !node.log.member.isLeader)
        throw new Error('there is no leader yet');
      return node;
    }, patience);
  }

  async stop(): Promise<void> {
    for (const node of [...this.nodes]) await this.stopNode(node);
    await rm(this.dir, { recursive: true, force: true });
  }
}
