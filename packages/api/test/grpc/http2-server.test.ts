import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  createServer,
  type Http2Server,
  type Settings,
} from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { status as grpc } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { Connections } from '../../src/grpc/connections.js';
import { createGrpcServer } from '../../src/grpc/http2-server.js';
import { limitsDefault, ServerCredentials } from '../../src/index.js';
import type { Identity } from '../certificates.js';
import {
  closeAfterTest,
  drain,
  eventually,
  failureOf,
  logClient,
  produceRequest,
  serve,
  serveSecured,
  TestAuthorizer,
  until,
} from '../rig.js';
import { framed, rawCall, rawSession } from './raw.js';

const megabytes = 1_048_576;
const patience = { timeout: 10_000, interval: 10 };

describe('what a server says of itself on the wire', () => {
  it('its windows are raised, and its limits are there', async () => {
    const { target } = await serve();
    const session = rawSession(target);
    const [settings] = (await once(session, 'remoteSettings')) as [Settings];
    expect(settings).toMatchObject({
      initialWindowSize: limitsDefault.streamWindowBytes,
      maxConcurrentStreams: limitsDefault.streamsMax,
      maxHeaderListSize: limitsDefault.headerBytesMax,
    });
    await eventually(
      () => session.state.remoteWindowSize === limitsDefault.connectionWindowBytes,
      `the window of the connection is raised from ${session.state.remoteWindowSize}`,
    );
  });

  it('a single stream takes a whole window at once', async () => {
    const { target } = await serve({ produceStream: (_requests, { signal }) => until(signal) });
    const session = rawSession(target);
    await once(session, 'remoteSettings');
    await eventually(() => (session.state.remoteWindowSize ?? 0) > 4 * megabytes, 'the window is open');
    const request = session.request({
      ':method': 'POST',
      ':path': '/log.v1.Log/ProduceStream',
      'content-type': 'application/grpc+proto',
    });
    request.on('error', () => {});
    const before = session.state.remoteWindowSize!;
    request.write(Buffer.alloc(6 * megabytes, framed(Buffer.alloc(0))));
    await eventually(
      () => before - session.state.remoteWindowSize! >= limitsDefault.streamWindowBytes,
      'a window of data was sent, though nobody reads',
    );
  });
});

it('what a channel says of itself on the wire: its windows are raised', async () => {
  const server = createServer();
  const session = new Promise<{ settings: Settings; window: () => number | undefined }>((resolve) => {
    server.on('session', (opened) => {
      opened.on('error', () => {});
      opened.on('remoteSettings', (settings) => resolve({ settings, window: () => opened.state.remoteWindowSize }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeAfterTest(() => void server.close());
  const log = logClient(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const call = log.getServers({}).catch(() => {});
  const { settings, window } = await session;
  expect(settings.initialWindowSize).toBe(limitsDefault.streamWindowBytes);
  await eventually(() => window() === limitsDefault.streamWindowBytes, 'the window of the connection is raised');
  void call;
});

describe('does not end the process, and is told:', () => {
  const make = (told: Error[]): Http2Server => {
    const server = createGrpcServer(limitsDefault, [], new Connections(limitsDefault), (error) => told.push(error));
    const internals = server as unknown as { createHttp2Server(credentials: ServerCredentials): Http2Server };
    return internals.createHttp2Server(ServerCredentials.createInsecure());
  };

  it('an error of the listening socket', () => {
    const told: Error[] = [];
    const error = new Error('no file descriptor is left');
    make(told).emit('error', error);
    expect(told).toEqual([error]);
  });

  it('what is thrown where a call or a connection comes in, and only that call or connection ends', async () => {
    const told: Error[] = [];
    const server = make(told);
    const defects = [new Error('of a call'), new Error('of a connection')];
    let connections = 0;
    server.on('session', () => {
      connections += 1;
      if (connections === 1) throw defects[1]!;
    });
    server.prependListener('stream', (_stream, headers) => {
      if (headers[':path'] === '/defect') throw defects[0]!;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closeAfterTest(() => void server.close());
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await rawCall(rawSession(target), '/nothing', framed(Buffer.alloc(0)))).toMatchObject({ status: undefined });
    const session = rawSession(target);
    const calls = ['/defect', '/nothing'].map((path) => rawCall(session, path, framed(Buffer.alloc(0))));
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([undefined, grpc.UNIMPLEMENTED]);
    expect(told).toEqual([defects[1], defects[0]]);
  });
});

it('grpc-js keeps no list of connections without channelz: ours is the one that counts', async () => {
  const server = createGrpcServer(limitsDefault, [], new Connections(limitsDefault), () => {});
  closeAfterTest(() => server.forceShutdown());
  const { sessions } = server as unknown as { sessions: ReadonlyMap<object, object> };
  const port = await new Promise<number>((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) => resolve(bound));
  });
  const session = rawSession(`127.0.0.1:${port}`);
  await once(session, 'remoteSettings');
  expect(sessions.size).toBe(0);
});

it('a server is told of the memory of a session, and of signs of life', async () => {
  const server = createGrpcServer(
    { ...limitsDefault, sessionMemoryMb: 3 },
    [],
    new Connections(limitsDefault),
    () => {},
  );
  const internals = server as unknown as Record<string, unknown>;
  expect(internals.commonServerOptions).toMatchObject({ maxSessionMemory: 3 });
  expect(internals).toMatchObject({ keepaliveTimeMs: 30_000, keepaliveTimeoutMs: 10_000 });
});

it('a call that a server has refused is not made again behind the back of whoever made it', async () => {
  let streams = 0;
  const server = createServer();
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream) => {
    streams += 1;
    stream.on('error', () => {});
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeAfterTest(() => void server.close());
  const log = logClient(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await failureOf(log.produce(produceRequest('tea')))).toMatchObject({ code: 'UNAVAILABLE' });
  expect(streams).toBe(1);
});

describe('limits of a connection', () => {
  it('more calls than allowed wait, and are answered in their turn', async () => {
    let open = 0;
    let openMax = 0;
    const { target } = await serve(
      {
        getServers: async () => {
          open += 1;
          openMax = Math.max(openMax, open);
          await new Promise((resolve) => setImmediate(resolve));
          open -= 1;
          return { servers: [], term: 0n };
        },
      },
      { limits: { streamsMax: 4 } },
    );
    const log = logClient(target);
    const answers = await Promise.all(Array.from({ length: 50 }, () => log.getServers({})));
    expect(answers).toHaveLength(50);
    expect(openMax).toBeLessThanOrEqual(4);
  });

  it('headers above the limit: the call is refused, and the connection lives', async () => {
    const { target } = await serve();
    const session = rawSession(target);
    await once(session, 'remoteSettings');
    const refused = await rawCall(session, '/log.v1.Log/GetServers', framed(Buffer.alloc(0)), {
      'x-long': 'x'.repeat(40_000),
    });
    expect(refused.status, 'no answer of the service').toBeUndefined();
    expect((await rawCall(session, '/log.v1.Log/GetServers', framed(Buffer.alloc(0)))).status).toBe(0);
  });

  it('too many headers: the call is refused', async () => {
    const { target } = await serve({}, { limits: { headersMax: 20 } });
    const session = rawSession(target);
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x-${i}`, 'x']));
    expect((await rawCall(session, '/log.v1.Log/GetServers', framed(Buffer.alloc(0)), many)).status).toBeUndefined();
    expect((await rawCall(rawSession(target), '/log.v1.Log/GetServers', framed(Buffer.alloc(0)))).status).toBe(0);
  });

  it('more connections than allowed are closed', async () => {
    const { target } = await serve({}, { limits: { connectionsMax: 2 } });
    const sockets = [socketTo(target), socketTo(target), socketTo(target)];
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await eventually(() => sockets.some((socket) => socket.destroyed), 'one of them is closed');
    expect(sockets.filter((socket) => socket.destroyed)).toHaveLength(1);
  });

  it('clients take no room from nodes, nor nodes from clients, and who leaves makes room again', async () => {
    const limits = { connectionsMax: 2, nodeConnectionsMax: 1 };
    const { ca, target } = await serveSecured(new TestAuthorizer([]), {}, {}, { limits });
    const [alice, n2] = [await ca.issue('alice'), await ca.issue('n2', 'spiffe://c/node/n2')];
    /** Connects, and is there when the server has answered, or not. */
    const open = (identity: Identity): Promise<ClientHttp2Session | undefined> =>
      new Promise((resolve) => {
        const session = connectHttp2(`https://${target}`, { ca: ca.pem, ...identity });
        closeAfterTest(() => session.destroy());
        session.on('error', () => {}).on('close', () => resolve(undefined));
        session.on('connect', () => session.ping((error) => resolve(error ? undefined : session)));
      });
    const clients = [await open(alice), await open(alice)];
    expect(clients).not.toContain(undefined);
    expect(await open(alice)).toBeUndefined();
    /** Those that were refused may be leaving still. */
    const openSoon = (identity: Identity) =>
      vi.waitFor(async () => {
        const session = await open(identity);
        if (session === undefined) throw new Error('there is no room');
        return session;
      }, patience);
    const node = await openSoon(n2);
    expect(await open(n2)).toBeUndefined();
    clients[0]!.destroy();
    await openSoon(alice);
    expect([clients[1]!.closed, node.closed]).toEqual([false, false]);
  });

  it.each([
    ['nothing', ''],
    ['half of what opens a connection', 'PRI * HTTP/2.0\r\n'],
    ['garbage', '\u0000\u0001\u0002 no such protocol \r\n\r\n'],
    ['HTTP/1.1', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('whoever connects and says %s is cut off, and others notice nothing', async (_what, said) => {
    const { target } = await serve({}, { limits: { prefaceMs: 200 } });
    const socket = socketTo(target);
    if (said !== '') socket.write(said);
    expect(await logClient(target).produce(produceRequest('tea'))).toEqual({ offset: 0n });
    await eventually(() => socket.destroyed, 'the connection is cut');
    expect(await logClient(target).produce(produceRequest('tea'))).toEqual({ offset: 1n });
  });

  it('who speaks HTTP/2 and then waits is left alone', async () => {
    const { target } = await serve({}, { limits: { prefaceMs: 50 } });
    const session = rawSession(target);
    await once(session, 'remoteSettings');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await rawCall(session, '/log.v1.Log/GetServers', framed(Buffer.alloc(0)))).status).toBe(0);
  });
});

it('a slow reader: the server keeps little for it, and others are unharmed', async () => {
  const value = Buffer.alloc(512 * 1024, 7);
  const ahead: number[] = [];
  let written = 0;
  const { target } = await serve({
    async consumeStream(_request, { signal }, responses) {
      const response = { record: { value, offset: 0n, term: 0n, type: 0 } };
      while (!signal.aborted) {
        await responses.write(response);
        written += 1;
        ahead.push(responses.unsentBytes);
      }
    },
  });
  const stream = logClient(target).consumeStream({ offset: 0n, log: '' });
  const reader = stream[Symbol.asyncIterator]();
  await reader.next();
  let before = -1;
  // The reader has stopped: so does the writer, once the windows are full.
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(written * value.length).toBeLessThan(24 * megabytes);
  expect(Math.max(...ahead)).toBeLessThanOrEqual(2 * megabytes);
  const others = logClient(target);
  expect(await others.produce(produceRequest('tea'))).toEqual({ offset: 0n });
  for (let i = 0; i < 40; i++) await reader.next();
  expect(written).toBeGreaterThan(before);
  stream.cancel();
  await drain({ [Symbol.asyncIterator]: () => reader }).catch(() => {});
});

function socketTo(target: string): Socket {
  const [host, port] = target.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => {});
  socket.resume();
  closeAfterTest(() => void socket.destroy());
  return socket;
}
