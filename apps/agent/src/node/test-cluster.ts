import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '@commitlog/runtime/node';
import type { Agent } from '../agent.js';
import type { Logger } from '../observability/logger.js';
import { type AgentSettings, createAgent } from './create-agent.js';

export interface TestClusterInit {
  /** How many nodes there are to be: 3 unless told. */
  readonly nodes?: number;
  /** Settings of all nodes, beside those that make it a cluster of this process. */
  readonly settings?: AgentSettings;
  /** Where the nodes say what they do; nowhere unless told. */
  readonly logger?: Logger;
}

/** Agents in this process, on loopback and without TLS, in a temporary directory. */
export interface TestCluster {
  /** Those that run, by node id. */
  readonly agents: ReadonlyMap<string, Agent>;
  /** Where they are dialled, each `host:port`. */
  readonly addresses: readonly string[];
  /** The one that leads, once all members that run agree on it. */
  leader(): Promise<Agent>;
  /** Stops one in peace; its directory and its address stay. */
  stopNode(node: string): Promise<void>;
  /** Starts one again, or a new one; the settings are beside those of all. */
  startNode(node: string, settings?: AgentSettings): Promise<Agent>;
  /** Stops all, and removes the directory. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const lookAgainMs = 20;

/**
 * A cluster for other people's tests: real agents, real files, real sockets. Resolves when all nodes serve, know each other, and
 * vote, three at most and an odd number; the others learn.
 *
 * ```ts
 * const cluster = await createTestCluster({ nodes: 3 });
 * // … dial cluster.addresses …
 * await cluster.stop();
 * ```
 */
export async function createTestCluster({
  nodes = 3,
  settings = {},
  logger = silent,
}: TestClusterInit = {}): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'commitlog-cluster-'));
  const agents = new Map<string, Agent>();
  const ports = new Map<string, number>();
  const names = Array.from({ length: nodes }, (_, at) => `n${at + 1}`);

  const startNode = async (node: string, own: AgentSettings = {}): Promise<Agent> => {
    if (!ports.has(node)) {
      const [port] = await freePorts(1);
      ports.set(node, port!);
    }
    const [first] = ports.keys();
    const how = node === first ? { bootstrap: true } : { join: [`127.0.0.1:${ports.get(first!)}`] };
    const agent = createAgent(
      {
        'node-id': node,
        'data-dir': join(directory, node),
        listen: `127.0.0.1:${ports.get(node)}`,
        'admin-addr': '127.0.0.1:0',
        insecure: true,
        'gossip.profile': 'local',
        'voter.stable-for': '100 ms',
        ...how,
        ...settings,
        ...own,
      },
      { logger },
    );
    await agent.start();
    agents.set(node, agent);
    return agent;
  };
  const stopNode = async (node: string): Promise<void> => {
    const agent = agents.get(node);
    agents.delete(node);
    await agent?.stop();
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...agents.keys()].map(stopNode));
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const leader = async (): Promise<Agent> => {
    for (;;) {
      const leading = [...agents.values()].find(({ node }) => node.log.member.isLeader);
      if (leading !== undefined && isFollowed(leading, agents.values())) return leading;
      await sleep(lookAgainMs);
    }
  };

  const cluster: TestCluster = {
    agents,
    leader,
    startNode,
    stopNode,
    stop,
    [Symbol.asyncDispose]: stop,
    get addresses() {
      return [...agents.values()].map(({ address }) => address);
    },
  };
  try {
    for (const name of names) await startNode(name);
    const voters = Math.min(nodes - ((nodes + 1) % 2), 3);
    const knowsAll = (agent: Agent): boolean =>
      votersOf(agent) >= voters && agent.node.view.servers().servers.length === nodes;
    await leader();
    while (![...agents.values()].every(knowsAll)) await sleep(lookAgainMs);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A node that was removed, or has not been let in yet, hears of nobody. */
function isFollowed({ node }: Agent, agents: Iterable<Agent>): boolean {
  const { self } = node.log.member;
  const members = node.view.members;
  const followers = [...agents].map((agent) => agent.node.log.member).filter((member) => members.has(member.self));
  return followers.every(({ leader }) => leader === self);
}

function votersOf({ node }: Agent): number {
  const { voters, outgoing } = node.log.member.status.configuration.configuration;
  return outgoing.length > 0 ? 0 : voters.length;
}
