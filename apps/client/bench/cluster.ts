import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAuthority, saveIssued } from '@commitlog/auth';
import { freePorts, nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';

const agent = join(dirname(fileURLToPath(import.meta.resolve('@commitlog/agent/package.json'))), 'dist/main.js');
const clusterName = 'bench';

/** Three agents as processes on loopback, over mutual TLS, in a temporary directory. */
export class BenchCluster {
  readonly servers: readonly string[];
  /** Paths, for clients. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly #dir: string;
  readonly #processes: readonly ChildProcess[];

  private constructor(dir: string, servers: readonly string[], processes: readonly ChildProcess[]) {
    this.#dir = dir;
    this.servers = servers;
    this.#processes = processes;
    this.tls = { ca: `${dir}/ca/ca.crt`, cert: `${dir}/bench.crt`, key: `${dir}/bench.key` };
  }

  /** @throws Error when an agent does not serve */
  static async start(): Promise<BenchCluster> {
    const dir = await mkdtemp(join(tmpdir(), 'commitlog-client-bench-'));
    const world = { files: nodeFiles, clock: nodeClock, random: nodeRandom, crypto };
    const authority = await createAuthority({ dir: `${dir}/ca`, name: 'bench CA' }, world);
    const client = await authority.issue({ kind: 'client', subject: 'bench' });
    await saveIssued(client, { certificate: `${dir}/bench.crt`, key: `${dir}/bench.key` }, world);
    await writeFile(`${dir}/policy.csv`, 'p, bench, *, produce, allow\np, bench, *, consume, allow\n');
    await writeFile(`${dir}/keyring`, `${Buffer.from(nodeRandom.bytes(32)).toString('hex')}\n`, { mode: 0o600 });
    const servers: string[] = [];
    const processes: ChildProcess[] = [];
    const cluster = new BenchCluster(dir, servers, processes);
    try {
      for (const name of ['n1', 'n2', 'n3']) {
        const hosts = ['127.0.0.1', 'localhost'];
        const issued = await authority.issue({ kind: 'node', cluster: clusterName, nodeId: name, hosts });
        await saveIssued(issued, { certificate: `${dir}/${name}.crt`, key: `${dir}/${name}.key` }, world);
        const [server, admin] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
        processes.push(await spawnAgent(dir, name, server!, admin!, servers[0]));
        servers.push(server!);
        await serving(dir, name, admin!);
      }
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** The memory that each server has, as Linux counts it. */
  async rssBytes(): Promise<number[]> {
    return await Promise.all(
      this.#processes.map(async ({ pid }) => {
        const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
        return Number(kibibytes) * 1024;
      }),
    );
  }

  /** Ends the processes, and removes the directory. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }),
    );
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function spawnAgent(
  dir: string,
  name: string,
  server: string,
  admin: string,
  first: string | undefined,
): Promise<ChildProcess> {
  const flags = [
    ...['--data-dir', `${dir}/${name}`, '--cluster-name', clusterName, '--listen', server, '--admin-addr', admin],
    ...(first === undefined ? ['--bootstrap'] : ['--join', first]),
    ...['--tls-ca', `${dir}/ca/ca.crt`, '--tls-cert', `${dir}/${name}.crt`, '--tls-key', `${dir}/${name}.key`],
    ...['--acl-policy', `${dir}/policy.csv`, '--gossip-keyring', `${dir}/keyring`],
    // A machine that is busy with other things is to make it slow, and not to have it elect.
    ...['--gossip-profile', 'local', '--voter-stable-for', '100 ms', '--raft-election-timeout', '10 s'],
  ];
  const log = await open(`${dir}/${name}.log`, 'a');
  const child = spawn(process.execPath, [agent, ...flags], { stdio: ['ignore', 'ignore', log.fd] });
  await log.close();
  return child;
}

async function serving(dir: string, name: string, admin: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await fetch(`http://${admin}/readyz`).catch(() => undefined))?.ok) {
    if (performance.now() > deadline)
      throw new Error(`${name} does not serve:\n${await readFile(`${dir}/${name}.log`, 'utf8')}`);
    await sleep(50);
  }
}
