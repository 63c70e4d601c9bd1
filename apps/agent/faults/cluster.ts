import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  ApiChannel,
  type ChannelCredentials,
  ClientTls,
  pemFiles,
  type ServiceClient,
  type ServiceDefinition,
} from '@commitlog/api';
import { createAuthority, saveIssued } from '@commitlog/auth';
import { freePorts, nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const clusterName = 'faults';

/** Who may what: `writer` everything, `reader` nothing but read, `nobody` nothing. */
const policy = `p, writer, *, produce, allow
p, writer, *, consume, allow
p, writer, *, admin, allow
p, reader, *, consume, allow
`;

/** One node: an agent in a process of its own. */
export interface NodeProcess {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  readonly environment: Readonly<Record<string, string>>;
  process: ChildProcess | undefined;
}

/** What differs from cluster to cluster. */
export interface ProcessSettings {
  /** Flags of all nodes, beside those that make it a cluster. */
  readonly flags?: readonly string[];
  /** Where a node keeps everything, if that is to be a place of its own; it need not exist. */
  readonly dataDir?: (name: string) => string;
  /** What a node's process has in its environment, beside what this one has. */
  readonly environmentOf?: (name: string) => Promise<Readonly<Record<string, string>>>;
}

/** What `npm run bundle` has made: it starts in a third of the time that the sources take. */
const program = 'dist/main.js';

/** Agents as processes on loopback, over mutual TLS, with certificates from our own authority. */
export class ProcessCluster {
  readonly dir: string;
  readonly nodes: NodeProcess[] = [];
  readonly #settings: Required<ProcessSettings>;
  readonly #credentials = new Map<string, ClientTls>();
  readonly #channels = new Map<string, ApiChannel>();
  #authority: Awaited<ReturnType<typeof createAuthority>> | undefined;

  private constructor(dir: string, settings: ProcessSettings) {
    this.dir = dir;
    this.#settings = {
      flags: [],
      dataDir: (name) => join(dir, 'data', name),
      environmentOf: async () => ({}),
      ...settings,
    };
  }

  /** @param dir an empty directory */
  static async create(dir: string, names: readonly string[], settings: ProcessSettings = {}): Promise<ProcessCluster> {
    const cluster = new ProcessCluster(dir, settings);
    const world = { files: nodeFiles, clock: nodeClock, random: nodeRandom, crypto };
    cluster.#authority = await createAuthority({ dir: `${dir}/ca`, name: 'faults CA' }, world);
    await writeFile(`${dir}/policy.csv`, policy);
    const key = Buffer.from(nodeRandom.bytes(32)).toString('hex');
    await writeFile(`${dir}/keyring`, `${key}\n`, { mode: 0o600 });
    for (const subject of ['writer', 'reader', 'nobody']) {
      await saveIssued(await cluster.#authority.issue({ kind: 'client', subject }), cluster.#paths(subject), world);
      cluster.#credentials.set(
        subject,
        await ClientTls.open(
          pemFiles({ ca: `${dir}/ca/ca.crt`, cert: `${dir}/${subject}.crt`, key: `${dir}/${subject}.key` }),
          { reloadMs: 0 },
        ),
      );
    }
    for (const name of names) await cluster.add(name);
    return cluster;
  }

  /** A node with a certificate and a place; it does not run yet. */
  async add(name: string): Promise<NodeProcess> {
    await this.certify(name);
    const environment = await this.#settings.environmentOf(name);
    const [port, adminPort] = await freePorts(2);
    const node = { name, port: port!, adminPort: adminPort!, environment, process: undefined };
    this.nodes.push(node);
    return node;
  }

  /** Gives a node another certificate, in the place of the one that it has. */
  async certify(name: string): Promise<void> {
    const identity = { kind: 'node', cluster: clusterName, nodeId: name, hosts: ['127.0.0.1', 'localhost'] } as const;
    await saveIssued(await this.#authority!.issue(identity), this.#paths(name), { files: nodeFiles });
  }

  /** Where a node keeps everything. */
  dataDir(name: string): string {
    return this.#settings.dataDir(name);
  }

  addressOf({ port }: NodeProcess): string {
    return `127.0.0.1:${port}`;
  }

  get running(): NodeProcess[] {
    return this.nodes.filter(({ process }) => process !== undefined);
  }

  node(name: string): NodeProcess {
    return this.nodes.find((node) => node.name === name)!;
  }

  /** Who listens on a port. */
  nameOf(port: number): string {
    return this.nodes.find((node) => node.port === port)!.name;
  }

  /** Starts a process; it need not serve yet. The first node founds the cluster, if it is new. */
  async spawn(node: NodeProcess): Promise<void> {
    await mkdir(dirname(this.dataDir(node.name)), { recursive: true });
    const [first] = this.nodes;
    const how = node === first ? ['--bootstrap'] : ['--join', this.addressOf(first!)];
    const { certificate, key } = this.#paths(node.name);
    const flags = [
      ...['--data-dir', this.dataDir(node.name), '--cluster-name', clusterName, ...how],
      ...['--listen', this.addressOf(node), '--admin-addr', `127.0.0.1:${node.adminPort}`],
      ...['--tls-ca', `${this.dir}/ca/ca.crt`, '--tls-cert', certificate, '--tls-key', key],
      ...['--acl-policy', `${this.dir}/policy.csv`, '--gossip-keyring', `${this.dir}/keyring`],
      ...['--gossip-profile', 'local', '--voter-stable-for', '100 ms', ...this.#settings.flags],
    ];
    const log = await open(this.logPath(node), 'a');
    const child = spawn(process.execPath, [program, ...flags], {
      env: { ...process.env, ...node.environment },
      cwd: packageDirectory,
      stdio: ['ignore', 'ignore', log.fd],
    });
    await log.close();
    node.process = child;
    child.once('exit', () => {
      if (node.process === child) node.process = undefined;
    });
  }

  /** What a node has said so far. */
  logPath({ name }: NodeProcess): string {
    return join(this.dir, `${name}.log`);
  }

  /** Starts nodes, and waits until they serve. */
  async start(...nodes: readonly NodeProcess[]): Promise<void> {
    for (const node of nodes) await this.spawn(node);
    for (const node of nodes) await this.serving(node);
  }

  /** @throws Error with the end of its log, when the process ends */
  async serving(node: NodeProcess, timeoutMs = 120_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const ready = await this.#ask(node, '/readyz');
      if (ready?.ok) return;
      if (node.process === undefined || performance.now() > deadline) {
        throw new Error(`${node.name} does not serve: ${await this.#lastWords(node)}`);
      }
      await sleep(20);
    }
  }

  /** Sends a signal; one that ends the process is waited for. */
  async signal(
    node: NodeProcess,
    signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT' | 'SIGHUP',
  ): Promise<number | null> {
    const child = node.process;
    if (child === undefined) return null;
    const isEnd = signal === 'SIGKILL' || signal === 'SIGTERM';
    const exited = isEnd ? once(child, 'exit') : undefined;
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  /** Calls a service of a node, as one of the clients. Connections are kept. */
  client<S extends ServiceDefinition>(node: NodeProcess, service: S, subject = 'writer'): ServiceClient<S> {
    return this.channel(this.addressOf(node), subject).client(service);
  }

  channel(target: string, subject = 'writer'): ApiChannel {
    const name = `${subject} ${target}`;
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel = new ApiChannel({ target }, { credentials: this.credentials(subject) });
    this.#channels.set(name, channel);
    return channel;
  }

  credentials(subject: string): ChannelCredentials {
    return this.#credentials.get(subject)!;
  }

  /** The node that leads, once all voters that run agree, and have so many voters. */
  async leader(voters = 1, timeoutMs = 120_000): Promise<NodeProcess> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const seen = await Promise.all(this.running.map((node) => this.gauges(node)));
      const leading = seen.findIndex((gauges) => gauges.commitlog_raft_is_leader === 1);
      const terms = new Set(seen.map((gauges) => gauges.commitlog_raft_term));
      const isKnown = seen.every((gauges) => gauges.commitlog_raft_has_leader === 1);
      if (leading >= 0 && terms.size === 1 && isKnown && seen[leading]!.commitlog_raft_voters! >= voters) {
        return this.running[leading]!;
      }
      if (performance.now() > deadline) {
        const gone = this.nodes.filter(({ process }) => process === undefined);
        const lastWords = await Promise.all(
          gone.map(async (node) => `${node.name}, which has ended: ${await this.#lastWords(node)}`),
        );
        throw new Error([`no leader in ${timeoutMs} ms: ${JSON.stringify(seen)}`, ...lastWords].join('\n'));
      }
      await sleep(50);
    }
  }

  /** A node's metrics without labels; none while it does not answer. */
  async gauges(node: NodeProcess): Promise<Readonly<Record<string, number>>> {
    const answer = await this.#ask(node, '/metrics');
    if (answer === undefined) return {};
    const lines = (await answer.text()).matchAll(/^(\w+) (\S+)$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name!, Number(value)]));
  }

  /** Ends every process that was started here. */
  async stop(): Promise<void> {
    for (const channel of this.#channels.values()) channel.close();
    for (const credentials of this.#credentials.values()) credentials.close();
    await Promise.all(
      this.running.map(async (node) => {
        await this.signal(node, 'SIGCONT');
        await this.signal(node, 'SIGKILL');
      }),
    );
  }

  async #lastWords(node: NodeProcess): Promise<string> {
    const log = await readFile(this.logPath(node), 'utf8').catch(() => '');
    return log.split('\n').slice(-5).join('\n');
  }

  /** One that is paused takes the question, and never answers. */
  async #ask({ adminPort }: NodeProcess, path: string): Promise<Response | undefined> {
    const signal = AbortSignal.timeout(2000);
    return await fetch(`http://127.0.0.1:${adminPort}${path}`, { signal }).catch(() => undefined);
  }

  #paths(name: string): { readonly certificate: string; readonly key: string } {
    return { certificate: `${this.dir}/${name}.crt`, key: `${this.dir}/${name}.key` };
  }
}
