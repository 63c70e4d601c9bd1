import { ApiError } from '@commitlog/api';
import { Admin } from '../cluster/admin.js';
import { type ShownMember, shownMember } from '../cluster/member.js';
import type { Connection } from '../connection.js';
import { CommandError } from '../errors.js';
import { pause } from '../pause.js';
import type { AgentProcess, World } from '../world.js';
import { makeCredentials } from './credentials.js';
import { clusterName, Layout, type Subject } from './layout.js';
import { readStart } from './node-log.js';
import { replaceFile } from './replace-file.js';

export interface LocalNode {
  readonly nodeId: string;
  /** `host:port`, for clients and nodes. */
  readonly address: string;
  /** `host:port` of its health, metrics and timeline. */
  readonly adminAddress: string;
  process: AgentProcess;
}

/** Settings of an agent, by their paths. */
type Settings = Readonly<Record<string, string | number | boolean>>;

export interface LocalClusterSettings {
  /** An empty directory. */
  readonly dir: string;
  readonly nodes: number;
  /** Of all nodes, beside those that make them a cluster. */
  readonly settings?: Settings;
  /** Ends the wait for it to be ready. */
  readonly signal: AbortSignal;
}

const lookAgainMs = 20;
/** How long a start may take, on a machine that is very busy. */
const startMs = 60_000;
const startsMax = 5;
const deadlineMs = 10_000;

/**
 * A cluster of our own: agents in processes on this machine, over mutual TLS, with certificates from an authority of its own and with access
 * control. Its directory is not durable, and whoever gave it removes it.
 */
export class LocalCluster {
  readonly layout: Layout;
  readonly #settings: LocalClusterSettings;
  readonly #world: World;
  #nodes: LocalNode[] = [];

  private constructor(settings: LocalClusterSettings, world: World) {
    this.layout = new Layout(settings.dir);
    this.#settings = settings;
    this.#world = world;
  }

  /**
   * Resolves when all nodes serve and vote, and one of them leads. When it throws, nothing is left running.
   *
   * @throws CommandError `agent-failed`, `interrupted`
   */
  static async start(settings: LocalClusterSettings, world: World): Promise<LocalCluster> {
    const cluster = new LocalCluster(settings, world);
    const nodeIds = Array.from({ length: settings.nodes }, (_, at) => `n${at + 1}`);
    try {
      await makeCredentials(cluster.layout, nodeIds, world);
      for (let start = 1; !(await cluster.#startAll(nodeIds, start)); start += 1) {
        await cluster.stop();
        if (start === startsMax)
          throw failed(`every time, of ${startsMax}, somebody else had taken one of their ports`);
      }
      await cluster.#untilAllVote();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get nodes(): readonly LocalNode[] {
    return this.#nodes;
  }

  /** How a client of that name reaches it. */
  connection(subject: Subject = 'admin'): Connection {
    return { servers: this.#nodes.map(({ address }) => address), tls: this.layout.tls(subject), deadlineMs };
  }

  /** The nodes, as the leader sees them. */
  async members(): Promise<ShownMember[]> {
    const admin = await Admin.open(this.connection(), this.#world);
    try {
      const { members } = await admin.leader((client, timeoutMs) => client.listMembers({}, { timeoutMs }));
      return members.map(shownMember);
    } finally {
      admin.close();
    }
  }

  /** Ends a node at once, by SIGKILL, and waits until it has. */
  async kill(nodeId: string): Promise<void> {
    const { process } = this.#node(nodeId);
    process.kill();
    await process.ended;
  }

  /** Starts a node that was killed, and waits until it serves. */
  async restart(nodeId: string): Promise<void> {
    const node = this.#node(nodeId);
    node.process = this.#spawn(nodeId);
    if (!(await this.#serving([node]))) throw failed(`${nodeId} does not start again: somebody has taken its port`);
  }

  /** Ends every node at once, and waits until all have. */
  async stop(): Promise<void> {
    for (const { process } of this.#nodes) if (!process.hasEnded) process.kill();
    await Promise.all(this.#nodes.map(({ process }) => process.ended));
  }

  /** Lets the nodes live on when this process ends. */
  async letGo(): Promise<void> {
    await Promise.all(this.#nodes.map(({ process }) => process.letGo()));
  }

  #node(nodeId: string): LocalNode {
    return this.#nodes.find((node) => node.nodeId === nodeId)!;
  }

  /** @returns whether all serve; otherwise a port of theirs was taken */
  async #startAll(nodeIds: readonly string[], start: number): Promise<boolean> {
    const ports = await this.#world.freePorts(2 * nodeIds.length);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const adminAddresses = addresses.splice(nodeIds.length);
    this.#nodes = [];
    for (const [at, nodeId] of nodeIds.entries()) {
      await this.#configure(nodeId, {
        'data-dir': this.layout.data(nodeId, start),
        listen: addresses[at]!,
        'admin-addr': adminAddresses[at]!,
        ...(at === 0 ? { bootstrap: true } : { join: addresses[0]! }),
      });
      const [address, adminAddress] = [addresses[at]!, adminAddresses[at]!];
      this.#nodes.push({ nodeId, address, adminAddress, process: this.#spawn(nodeId) });
    }
    return this.#serving(this.#nodes);
  }

  async #configure(nodeId: string, own: Settings): Promise<void> {
    const { ca, cert, key } = this.layout.tls(nodeId);
    const settings: Settings = {
      'cluster-name': clusterName,
      ...own,
      'tls.ca': ca,
      'tls.cert': cert,
      'tls.key': key,
      'acl.policy': this.layout.policy,
      'gossip.keyring': this.layout.keyring,
      'gossip.profile': 'local',
      'voter.stable-for': '100 ms',
      ...this.#settings.settings,
    };
    const lines = Object.entries(settings).map(([path, value]) => `${path}: ${JSON.stringify(value)}\n`);
    await replaceFile(this.layout.configuration(nodeId), lines.join(''), this.#world);
  }

  #spawn(nodeId: string): AgentProcess {
    const args = ['--config', this.layout.configuration(nodeId)];
    return this.#world.startAgent({ args, logPath: this.layout.log(nodeId) });
  }

  /** @returns whether all serve; otherwise a port of theirs was taken */
  async #serving(nodes: readonly LocalNode[]): Promise<boolean> {
    const { clock } = this.#world;
    const untilMs = clock.monotonicMs() + startMs;
    for (;;) {
      // Looked at before their logs are: the last words of one that has ended are there.
      const hasOneEnded = nodes.map(({ process }) => process.hasEnded);
      const told = await Promise.all(nodes.map(({ nodeId }) => readStart(this.layout.log(nodeId), this.#world)));
      if (told.every(({ isServing }) => isServing)) return true;
      const at = hasOneEnded.indexOf(true);
      if (at >= 0 && told[at]!.isPortTaken) return false;
      if (at >= 0) throw failed(`${nodes[at]!.nodeId} has ended: ${told[at]!.trouble || 'it has said nothing'}`);
      await this.#lookAgain(untilMs, 'they do not serve');
    }
  }

  async #untilAllVote(): Promise<void> {
    const untilMs = this.#world.clock.monotonicMs() + startMs;
    for (;;) {
      const members = await this.members().catch(noneWithoutLeader);
      if (members.filter(({ role }) => role === 'voter').length === this.#settings.nodes) return;
      await this.#lookAgain(untilMs, 'they do not all vote');
    }
  }

  async #lookAgain(untilMs: number, what: string): Promise<void> {
    const { clock } = this.#world;
    if (clock.monotonicMs() > untilMs) throw failed(`${what}, ${startMs} ms after they were started`);
    await pause(lookAgainMs, clock, this.#settings.signal);
  }
}

/** A first election may take longer than a client waits. */
function noneWithoutLeader(error: unknown): never[] {
  if (error instanceof ApiError && error.code === 'NO_LEADER') return [];
  throw error;
}

function failed(what: string): CommandError {
  return new CommandError('agent-failed', `the agents of a cluster of our own do not start: ${what}`);
}
