import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@commitlog/runtime';
import { nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { Client, credentials, Server, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import {
  type AuditRecord,
  AuditTrail,
  type Authority,
  createAuthority,
  type Issued,
  openAuthority,
  openServerTls,
  type ServerTls,
  type ServerTlsSettings,
  saveIssued,
} from '../../src/index.js';

const dayMs = 86_400_000;
const components = { files: nodeFiles, clock: nodeClock, random: nodeRandom, crypto };

/** A directory with an authority in it, the server's credentials, and whatever a test adds. */
export class Mutual {
  readonly records: AuditRecord[] = [];
  readonly #running: (() => Promise<void> | void)[] = [];
  readonly dir: string;
  readonly authority: Authority;

  private constructor(dir: string, authority: Authority) {
    this.dir = dir;
    this.authority = authority;
  }

  static async make(): Promise<Mutual> {
    const dir = await mkdtemp(join(tmpdir(), 'commitlog-tls-'));
    const mutual = new Mutual(dir, await createAuthority({ dir: join(dir, 'ca'), name: 'test CA' }, components));
    await mutual.issueServer();
    return mutual;
  }

  get paths(): ServerTlsSettings & { readonly revocations: string } {
    const at = (name: string): string => join(this.dir, name);
    return { certificate: at('n1.crt'), key: at('n1.key'), authorities: at('ca/ca.crt'), revocations: at('ca/ca.crl') };
  }

  async issueServer(authority: Authority = this.authority): Promise<Issued> {
    const hosts = ['localhost', '127.0.0.1'];
    const issued = await authority.issue({ kind: 'node', cluster: 'prod', nodeId: 'n1', hosts });
    await saveIssued(issued, this.paths, components);
    return issued;
  }

  issue(subject: string): Promise<Issued> {
    return this.authority.issue({ kind: 'client', subject });
  }

  /** A client's certificate that expires so soon, or has expired so long ago. */
  async issueShortly(subject: string, expiresInMs: number): Promise<Issued> {
    const clock = { ...nodeClock, wallMs: () => Date.now() + expiresInMs - dayMs };
    const authority = await openAuthority({ dir: join(this.dir, 'ca') }, { ...components, clock });
    return authority.issue({ kind: 'client', subject }, { days: 1 });
  }

  otherAuthority(name = 'other'): Promise<Authority> {
    return createAuthority({ dir: join(this.dir, name), name }, components);
  }

  async tls(settings: Partial<ServerTlsSettings> = {}, clock: Clock = nodeClock): Promise<ServerTls> {
    const audit = new AuditTrail({}, { clock: nodeClock, write: (record) => this.records.push(record) });
    const tls = await openServerTls(
      { ...this.paths, pollMs: 20, sweepMs: 50, ...settings },
      { ...components, clock, audit },
    );
    this.#running.push(() => tls.stop());
    tls.start();
    return tls;
  }

  /** A gRPC server that answers with what it was sent, and whose streams never end of themselves. @returns its port */
  async serve(tls: ServerTls): Promise<number> {
    const server = new Server();
    server.addService(echo, {
      once: (call: ServerUnaryCall<Buffer, Buffer>, answer: (error: null, value: Buffer) => void) =>
        answer(null, call.request),
      forever: (call: ServerWritableStream<Buffer, Buffer>) => {
        call.write(call.request);
        const timer = setInterval(() => call.write(call.request), 10);
        call.on('close', () => clearInterval(timer));
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', tls.credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.#running.push(() => server.forceShutdown());
    return port;
  }

  client(
    port: number,
    { certificatePem, keyPem }: Pick<Issued, 'certificatePem' | 'keyPem'>,
    authorityPem: string = this.authority.certificatePem,
  ): Caller {
    const [root, key, chain] = [authorityPem, keyPem, certificatePem].map((pem) => Buffer.from(pem)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const client = new Client(`localhost:${port}`, credentials.createSsl(root, key, chain), {
      // Clients of one test must not share a connection.
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#running.push(() => client.close());
    return new Caller(client);
  }

  async remove(): Promise<void> {
    try {
      for (const stop of this.#running.reverse()) await stop();
    } finally {
      await rm(this.dir, { recursive: true });
    }
  }
}

const asIs = (value: Buffer): Buffer => value;
const echo = Object.fromEntries(
  ['once', 'forever'].map((name) => [
    name,
    {
      path: `/echo/${name}`,
      requestStream: false,
      responseStream: name === 'forever',
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  ]),
);

/** A client of that server. */
export class Caller {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** @returns what came back, or the name of the error's code */
  once(text = 'hello'): Promise<string> {
    const deadline = Date.now() + 10_000;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest('/echo/once', asIs, asIs, Buffer.from(text), { deadline }, (error, value) =>
        resolve(error === null ? `${value}` : error.message),
      );
    });
  }

  forever(): OpenStream {
    const call = this.#client.makeServerStreamRequest('/echo/forever', asIs, asIs, Buffer.from('x'));
    const stream: OpenStream = { received: 0, ended: undefined };
    call.on('data', () => {
      stream.received += 1;
    });
    call.on('error', (error) => {
      stream.ended = error.message;
    });
    call.on('end', () => {
      stream.ended ??= 'end';
    });
    return stream;
  }
}

export interface OpenStream {
  received: number;
  ended: string | undefined;
}
