import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Http2SecureServer } from 'node:http2';
import { connect } from 'node:tls';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, LiveCredentials } from '../../src/grpc/live-credentials.js';
import type { Issued } from '../../src/index.js';
import { type Credentials, readCredentials } from '../../src/tls/credential-files.js';
import { lookalikeOf } from '../forge.js';
import { Mutual } from '../tls/mutual.js';

// What LiveCredentials leans on and nobody promises. When a test here fails after an update of grpc-js or Node, read the comment
// of that class before anything else.

let mutual: Mutual;
let alice: Issued;
let connections: Connection[];
let live: LiveCredentials;
let server: Server;
/** HTTP/2 sessions that there have been. */
let sessions: number;
/** What is done with each connection besides. */
let onConnection: (connection: Connection) => void;

const load = async (): Promise<Credentials> => {
  const { certificate, key, authorities, revocations } = mutual.paths;
  const contents = await Promise.all([certificate, key, authorities, revocations].map((path) => readFile(path)));
  return readCredentials(mutual.paths, contents, { nowMs: Date.now() });
};
const bind = (address: string): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync(address, live, (error, port) => (error === null ? resolve(port) : reject(error))),
  );

/** Connects, and waits until the server ends it. */
async function knock(port: number, { certificatePem: cert, keyPem: key }: Issued = alice): Promise<void> {
  const identity = { ca: mutual.authority.certificatePem, cert, key };
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ALPNProtocols: ['h2'], ...identity });
  await new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
}

/** Connects, and returns the serial number of the server's certificate once the server has spoken. */
async function greet(port: number, cert = alice.certificatePem): Promise<string> {
  const identity = { ca: mutual.authority.certificatePem, cert, key: alice.keyPem };
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ALPNProtocols: ['h2'], ...identity });
  await new Promise((resolve) => socket.once('data', resolve));
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

beforeEach(async () => {
  mutual = await Mutual.make();
  alice = await mutual.issue('alice');
  connections = [];
  onConnection = () => {};
  live = new LiveCredentials(await load(), 5000, (connection) => {
    connections.push(connection);
    onConnection(connection);
  });
  server = new Server();
  sessions = 0;
  const internals = server as unknown as { createHttp2Server(credentials: ServerCredentials): Http2SecureServer };
  const create = internals.createHttp2Server.bind(server);
  internals.createHttp2Server = (credentials) =>
    create(credentials).on('session', () => {
      sessions += 1;
    });
});
afterEach(async () => {
  server.forceShutdown();
  await mutual.remove();
});

describe('grpc-js', () => {
  it('takes a subclass of its ServerCredentials, and passes its options on to TLS', async () => {
    expect(live).toBeInstanceOf(ServerCredentials);
    expect(live._isSecure()).toBe(true);
    expect(live._getInterceptors()).toEqual([]);
    expect(live._getConstructorOptions()).toMatchObject({
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: 5000,
    });
    expect(live._getSecureContextOptions()).toMatchObject({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' });
    await greet(await bind('127.0.0.1:0'));
  });

  it('hands a swap to every server that it has bound, and to none that is closed', async () => {
    const ports = [await bind('127.0.0.1:0'), await bind('localhost:0')];
    const first = await Promise.all(ports.map((port) => greet(port)));
    const { serialNumber } = await mutual.issueServer();
    live.swap(await load());
    expect(first).not.toContain(serialNumber);
    expect(await Promise.all(ports.map((port) => greet(port)))).toEqual([serialNumber, serialNumber]);
    const watching = (): number => (live as unknown as { getWatcherCount(): number }).getWatcherCount();
    expect(watching()).toBeGreaterThanOrEqual(2);
    await new Promise((closed) => server.tryShutdown(closed));
    expect(watching()).toBe(0);
  });

  it('takes the same credentials twice for one address', async () => {
    const port = await bind('127.0.0.1:0');
    expect(live._equals(live)).toBe(true);
    expect(live._equals(ServerCredentials.createInsecure())).toBe(false);
    expect(await bind(`127.0.0.1:${port}`)).toBe(port);
  });
});

describe('Node', () => {
  it('calls ALPNCallback as a method of the socket, whose certificate is known when it is secure', async () => {
    const port = await bind('127.0.0.1:0');
    await greet(port);
    expect(connections).toHaveLength(1);
    const { presented, from } = connections[0]!;
    expect(from).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(presented[0]!.serialNumber).toBe(alice.serialNumber);
  });

  it('has every certificate that a peer presents, in its order, also those that lead nowhere', async () => {
    const port = await bind('127.0.0.1:0');
    const others = [await lookalikeOf(mutual.authority.certificatePem), mutual.authority.certificatePem];
    await greet(port, alice.certificatePem + others.join(''));
    const serials = [alice.certificatePem, ...others].map((pem) => new X509Certificate(pem).serialNumber);
    expect(connections[0]!.presented.map(({ serialNumber }) => serialNumber)).toEqual(serials);
  });

  it.each([
    ['is destroyed', (connection: Connection) => connection.destroy()],
    [
      'cannot be judged',
      () => {
        throw new Error('a defect');
      },
    ],
  ])('makes no HTTP/2 session for a connection that %s when it is shown', async (_, judge) => {
    const port = await bind('127.0.0.1:0');
    onConnection = judge;
    await knock(port);
    expect([connections.length, sessions]).toEqual([1, 0]);
    onConnection = () => {};
    await greet(port);
    expect([connections.length, sessions]).toEqual([2, 1]);
  });

  it('is asked first: whom it does not trust is not shown', async () => {
    const port = await bind('127.0.0.1:0');
    await knock(port, await mutual.issueShortly('alice', -1000));
    await knock(port, await (await mutual.otherAuthority()).issue({ kind: 'client', subject: 'alice' }));
    expect([connections.length, sessions]).toEqual([0, 0]);
  });

  it('ends a connection when its socket is destroyed', async () => {
    const port = await bind('127.0.0.1:0');
    const identity = { ca: mutual.authority.certificatePem, cert: alice.certificatePem, key: alice.keyPem };
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ALPNProtocols: ['h2'], ...identity });
    await new Promise((resolve) => socket.once('data', resolve));
    const endsHere = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
    const endsThere = new Promise<void>((resolve) => connections[0]!.onClose(resolve));
    connections[0]!.destroy();
    await Promise.all([endsHere, endsThere]);
  });
});
