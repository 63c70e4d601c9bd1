import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { ApiChannel, ClientTls, logV1, membershipV1, raftV1, type ServiceClient } from '@commitlog/api';
import { nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { temporaryDirectory } from '../../../scripts/temporary.mjs';
import { type Authority, createAuthority, defaultModelPath, openAuthority, saveIssued } from '../src/index.js';
import { type Forgery, forgeBy, type Signer } from '../test/forge.js';
import type { Report, ServerFiles } from './server/report.js';

const components = { files: nodeFiles, clock: nodeClock, random: nodeRandom, crypto };
const dayMs = 86_400_000;
/** What objects of the server may take. An attack that makes it hold more ends it, which fails the attack's case: the engine itself keeps this bound, whenever it collects. */
const heapMbMax = 128;

/** Alice may do what she likes with two logs; others are added by the cases. */
export const goodPolicy = 'p, alice, default, *, allow\np, alice, orders-*, *, allow\n';

/** Whoever connects: a certificate and its key. */
export interface Bearer {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** A client of every service of the server. */
export interface Clients {
  readonly log: ServiceClient<typeof logV1.LogDefinition>;
  readonly raft: ServiceClient<typeof raftV1.RaftServiceDefinition>;
  readonly membership: ServiceClient<typeof membershipV1.MembershipServiceDefinition>;
  close(): void;
}

/** A server under attack, its authority, and Alice, whom nothing of it may ever concern. */
export class Ground {
  readonly dir: string;
  readonly authority: Authority;
  readonly alice: Bearer;
  readonly port: number;
  readonly #server: ChildProcess;
  readonly #signer: Signer;
  #alicesConnection: Clients | undefined;

  private constructor(
    dir: string,
    authority: Authority,
    alice: Bearer,
    signer: Signer,
    server: ChildProcess,
    port: number,
  ) {
    this.dir = dir;
    this.authority = authority;
    this.alice = alice;
    this.port = port;
    this.#signer = signer;
    this.#server = server;
  }

  static async make(): Promise<Ground> {
    const { path: dir } = temporaryDirectory('commitlog-hostile-');
    const authority = await createAuthority({ dir: join(dir, 'ca'), name: 'hostile test CA' }, components);
    const files = filesIn(dir);
    const node = { kind: 'node', cluster: 'prod', nodeId: 'n1', hosts: ['localhost', '127.0.0.1'] } as const;
    await saveIssued(await authority.issue(node), files, components);
    await copyFile(defaultModelPath, files.model);
    await writeFile(files.policy, goodPolicy);
    const alice = await authority.issue({ kind: 'client', subject: 'alice' });
    const keyPem = await readFile(join(dir, 'ca/ca.key'), 'utf8');
    const server = startServer(files);
    const { port } = await answerOf<{ port: number }>(server);
    const signer = { certificatePem: authority.certificatePem, keyPem };
    return new Ground(dir, authority, alice, signer, server, port);
  }

  get files(): ServerFiles {
    return filesIn(this.dir);
  }

  /** What the server says of itself now. Fails when it has died. */
  async report(): Promise<Report> {
    const report = answerOf<Report>(this.#server);
    this.#server.send('report');
    return report;
  }

  /** As an operator does it. */
  hangUp(): void {
    this.#server.kill('SIGHUP');
  }

  issue(subject: string): Promise<Bearer & { readonly serialNumber: string }> {
    return this.authority.issue({ kind: 'client', subject });
  }

  issueNode(nodeId: string): Promise<Bearer> {
    return this.authority.issue({ kind: 'node', cluster: 'prod', nodeId, hosts: ['localhost'] });
  }

  /** A certificate of our authority that says whatever it is told to. */
  forge(forgery: Forgery): Promise<Bearer> {
    return forgeBy(this.#signer, forgery);
  }

  /** A certificate of a client, issued by an authority of the same name whose key is another. */
  async issueByImpostor(subject: string): Promise<Bearer> {
    const impostor = await createAuthority(
      { dir: await mkdtemp(join(this.dir, 'impostor-')), name: 'hostile test CA' },
      components,
    );
    return impostor.issue({ kind: 'client', subject });
  }

  /** A certificate that is good for one day only, from so many days before today on. */
  async issueDaysAgo(subject: string, days: number): Promise<Bearer> {
    const clock = { ...nodeClock, wallMs: () => Date.now() - days * dayMs };
    const authority = await openAuthority({ dir: join(this.dir, 'ca') }, { ...components, clock });
    return authority.issue({ kind: 'client', subject }, { days: 1 });
  }

  /** Replaces a file in one step, as a careful operator does. */
  async replace(path: string, text: string | Uint8Array): Promise<void> {
    await writeFile(`${path}.next`, text, { mode: 0o600 });
    await rename(`${path}.next`, path);
  }

  /** Puts a policy into force, and waits until it is. */
  async setPolicy(text: string): Promise<void> {
    const { changes } = (await this.report()).acl;
    await this.replace(this.files.policy, text);
    await this.eventually('the new policy holds', ({ acl }) => acl.changes > changes);
  }

  /** Waits until the server says so. */
  async eventually(what: string, isSo: (report: Report) => boolean, timeoutMs = 10_000): Promise<Report> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const report = await this.report();
      if (isSo(report)) return report;
      if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}: ${JSON.stringify(report)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** TLS options of a connection. */
  tls(bearer: Bearer): ConnectionOptions {
    const { certificatePem: cert, keyPem: key } = bearer;
    return {
      host: '127.0.0.1',
      port: this.port,
      servername: 'localhost',
      ca: this.authority.certificatePem,
      cert,
      key,
      ALPNProtocols: ['h2'],
    };
  }

  /** A connection of its own. */
  async connect({ certificatePem: cert, keyPem: key }: Bearer): Promise<Clients> {
    const credentials = await ClientTls.open(async () => ({ ca: this.authority.certificatePem, cert, key }), {
      reloadMs: 0,
    });
    const channel = new ApiChannel({ target: `localhost:${this.port}` }, { credentials });
    return {
      log: channel.client(logV1.LogDefinition),
      raft: channel.client(raftV1.RaftServiceDefinition),
      membership: channel.client(membershipV1.MembershipServiceDefinition),
      close: () => channel.close(),
    };
  }

  /** Alice's old connection and a new one both work, and what she wrote is there. */
  async callAsAlice(): Promise<void> {
    this.#alicesConnection ??= await this.connect(this.alice);
    const fresh = await this.connect(this.alice);
    try {
      for (const { log } of [this.#alicesConnection, fresh]) {
        const value = Buffer.from(`record of ${Date.now()}`);
        const { offset } = await log.produce({ record: { value, offset: 0n, term: 0n, type: 0 }, log: '' });
        const { record } = await log.consume({ offset, log: '' });
        if (!value.equals(record?.value ?? Buffer.alloc(0)))
          throw new Error(`Alice's record ${offset} came back changed`);
      }
    } finally {
      fresh.close();
    }
  }

  async remove(): Promise<void> {
    this.#alicesConnection?.close();
    // It may have died of an attack.
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const isGone = once(this.#server, 'exit');
    this.#server.disconnect();
    await isGone;
  }
}

function filesIn(dir: string): ServerFiles {
  const at = (name: string): string => join(dir, name);
  return {
    certificate: at('n1.crt'),
    key: at('n1.key'),
    authorities: at('ca/ca.crt'),
    revocations: at('ca/ca.crl'),
    model: at('model.conf'),
    policy: at('policy.csv'),
  };
}

/** Starts the server; what it says on standard error is ours. */
export function startServer(files: ServerFiles, stderr: 'inherit' | 'pipe' = 'inherit'): ChildProcess {
  return fork(fileURLToPath(new URL('server/main.ts', import.meta.url)), [JSON.stringify(files)], {
    execArgv: ['--conditions=@commitlog/source', '--import', 'tsx', '--expose-gc', `--max-old-space-size=${heapMbMax}`],
    stdio: ['ignore', 'inherit', stderr, 'ipc'],
    serialization: 'advanced',
  });
}

function answerOf<Message>(server: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null, signal: string | null): void =>
      reject(new Error(`the server has ended: exit code ${code}, signal ${signal}`));
    if (server.exitCode !== null || server.signalCode !== null) died(server.exitCode, server.signalCode);
    server.once('exit', died);
    server.once('message', (message) => {
      server.off('exit', died);
      resolve(message as Message);
    });
  });
}
