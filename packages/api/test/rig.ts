import type { PeerCertificate } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { afterEach } from 'vitest';
import {
  ApiChannel,
  type ApiError,
  ApiServer,
  type Authenticator,
  type Authorizer,
  type ChannelInit,
  type Defect,
  type Handlers,
  logV1,
  offsetOutOfRange,
  type Refusal,
  requireOffset,
  type ServerComponents,
  type ServerInit,
} from '../src/index.js';
import { type Identity, TestCa } from './certificates.js';

type LogHandlers = Handlers<typeof logV1.LogDefinition>;

/** What was opened in a test, and is closed after it. */
const opened: Array<() => Promise<void> | void> = [];

export function closeAfterTest(close: () => Promise<void> | void): void {
  opened.push(close);
}

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A log in memory that answers as the real one does, as far as tests of what carries it need. */
export function memoryLog(records: Uint8Array[] = []): LogHandlers {
  const append = (value: Uint8Array): bigint => BigInt(records.push(Buffer.from(value)) - 1);
  const read = (offset: bigint): logV1.ConsumeResponse => {
    const at = requireOffset(offset);
    const value = records[at];
    if (value === undefined) throw offsetOutOfRange(at, { start: 0, end: records.length });
    return { record: { value, offset, term: 1n, type: 0 } };
  };
  return {
    produce: ({ record }) => ({ offset: append(record!.value) }),
    consume: ({ offset }) => read(offset),
    async consumeStream({ offset }, { signal }, responses) {
      for (let at = offset; at < BigInt(records.length); at++) await responses.write(read(at));
      await until(signal);
    },
    async produceStream(requests, _context, responses) {
      for await (const { record } of requests) await responses.write({ offset: append(record!.value) });
    },
    getServers: () => ({ servers: [{ id: 'n1', rpcAddr: '127.0.0.1:1', isLeader: true }], term: 1n }),
    async append(requests, _context, responses) {
      for await (const { batch } of requests) {
        const appended = { baseOffset: append(batch), term: 1n, appendTimeMs: 0n, isDuplicate: false };
        await responses.write({ result: { $case: 'appended', value: appended } });
      }
    },
    async read({ from, follow }, { signal }, responses) {
      const first = from?.$case === 'offset' ? requireOffset(from.value) : 0;
      const endOffset = BigInt(records.length);
      for (let at = first; at < records.length; at++) {
        await responses.write({ batches: records[at]!, nextOffset: BigInt(at + 1), endOffset });
      }
      if (follow) await until(signal);
    },
    openProducer: () => ({ producerId: 1n, epoch: 0, inFlightMax: 64 }),
  };
}

/** Settles when the call is over. */
export function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Waits for a condition, not for a time. */
export async function eventually(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Served {
  readonly server: ApiServer;
  readonly target: string;
  readonly defects: Defect[];
}

export async function serve(
  handlers: Partial<LogHandlers> = {},
  init: Partial<ServerInit> = {},
  components: Partial<ServerComponents> = {},
): Promise<Served> {
  const defects: Defect[] = [];
  const server = new ApiServer(
    { address: '127.0.0.1:0', ...init },
    {
      credentials: ServerCredentials.createInsecure(),
      security: 'insecure',
      onDefect: (defect) => defects.push(defect),
      ...components,
    },
  );
  server.serve(logV1.LogDefinition, { ...memoryLog(), ...handlers });
  await server.start();
  closeAfterTest(() => server.stop(0));
  return { server, target: `127.0.0.1:${server.port}`, defects };
}

export function openChannel(
  target: string,
  init: Partial<ChannelInit> = {},
  components: Partial<ConstructorParameters<typeof ApiChannel>[1]> = {},
): ApiChannel {
  const channel = new ApiChannel(
    { target, ...init },
    { credentials: ChannelCredentials.createInsecure(), ...components },
  );
  closeAfterTest(() => channel.close());
  return channel;
}

export function logClient(target: string, init: Partial<ChannelInit> = {}) {
  return openChannel(target, init).client(logV1.LogDefinition);
}

export function produceRequest(value: string | Uint8Array, log = ''): logV1.ProduceRequest {
  return { record: { value: Buffer.from(value), offset: 0n, term: 0n, type: 0 }, log };
}

/** The error that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  const [settled] = await Promise.allSettled([call]);
  if (settled.status === 'fulfilled') throw new Error('the call was expected to fail');
  return settled.reason as ApiError;
}

export async function drain<T>(responses: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const response of responses) all.push(response);
  return all;
}

/** As the auth package does it, in a few lines: a URI is a node, a common name a client. */
export const testAuthenticator: Authenticator = {
  authenticate(certificate: PeerCertificate) {
    const uri = /URI:spiffe:\/\/([^/]+)\/node\/([\w-]+)/.exec(certificate.subjectaltname ?? '');
    if (uri !== null) return { principal: { kind: 'node', cluster: uri[1]!, nodeId: uri[2]! } };
    const subject = certificate.subject.CN;
    return subject === 'nobody' ? { refused: 'it names nobody' } : { principal: { kind: 'client', subject } };
  },
};

/** A policy that a test changes as it goes. */
export class TestAuthorizer implements Authorizer {
  readonly asked: string[] = [];
  readonly listeners = new Set<() => void>();
  /** How long it takes over each. */
  decisionMs = 0;
  #grants: Set<string>;

  /** @param grants such as `alice produce orders` */
  constructor(grants: readonly string[]) {
    this.#grants = new Set(grants);
  }

  isAllowed(principal: Parameters<Authorizer['isAllowed']>[0], action: string, log: string): boolean {
    const line = `${principal.kind === 'node' ? principal.nodeId : principal.subject} ${action} ${log}`;
    this.asked.push(line);
    const decidedMs = performance.now() + this.decisionMs;
    while (performance.now() < decidedMs);
    return this.#grants.has(line);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  change(grants: readonly string[]): void {
    this.#grants = new Set(grants);
    for (const listener of this.listeners) listener();
  }
}

export interface Secured {
  readonly server: ApiServer;
  readonly ca: TestCa;
  readonly refusals: Refusal[];
  readonly defects: Defect[];
  readonly target: string;
  /** A channel of whoever has that certificate. */
  readonly as: (identity: Identity) => ApiChannel;
}

/** A server with mutual TLS. */
export async function serveSecured(
  authorizer: Authorizer,
  handlers: Partial<LogHandlers> = {},
  components: Partial<ServerComponents> = {},
  init: Partial<ServerInit> = {},
): Promise<Secured> {
  const addServices = (server: ApiServer) => server.serve(logV1.LogDefinition, { ...memoryLog(), ...handlers });
  return secure(authorizer, addServices, components, init);
}

/** A server with mutual TLS that serves whatever it is given. */
export async function secure(
  authorizer: Authorizer,
  addServices: (server: ApiServer) => void,
  components: Partial<ServerComponents> = {},
  init: Partial<ServerInit> = {},
): Promise<Secured> {
  const ca = await TestCa.create();
  const { cert, key } = await ca.issue('server');
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
  const credentials = ServerCredentials.createSsl(Buffer.from(ca.pem), [pair], true);
  const refusals: Refusal[] = [];
  const defects: Defect[] = [];
  const onRefused = (refusal: Refusal) => refusals.push(refusal);
  const security = { authenticator: testAuthenticator, authorizer, onRefused };
  const onDefect = (defect: Defect) => defects.push(defect);
  const server = new ApiServer({ address: '127.0.0.1:0', ...init }, { credentials, security, onDefect, ...components });
  addServices(server);
  await server.start();
  closeAfterTest(() => server.stop(0));
  const target = `127.0.0.1:${server.port}`;
  const as = (identity: Identity): ApiChannel => {
    const [root, clientKey, chain] = [ca.pem, identity.key, identity.cert].map((pem) => Buffer.from(pem));
    return openChannel(target, {}, { credentials: ChannelCredentials.createSsl(root, clientKey, chain) });
  };
  return { server, ca, refusals, defects, target, as };
}
