import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ApiServer, logV1 } from '../../src/index.js';
import {
  closeAfterTest,
  eventually,
  failureOf,
  logClient,
  memoryLog,
  openChannel,
  serve,
  serveSecured,
  TestAuthorizer,
} from '../rig.js';
import { rawSession } from './raw.js';

const insecure = { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: () => {} } as const;
const newServer = (address = '127.0.0.1:0'): ApiServer =>
  new ApiServer({ address }, insecure).serve(logV1.LogDefinition, memoryLog());

async function dial(target: string): Promise<Socket> {
  const socket = connect(Number(target.split(':')[1]), '127.0.0.1');
  socket.on('error', () => {});
  closeAfterTest(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('a server that has stopped', () => {
  it('has no connection left, and did not wait for idle ones', async () => {
    const { server, target } = await serve();
    const session = rawSession(target);
    await once(session, 'remoteSettings');
    const channel = openChannel(target);
    await channel.connect(5000);
    const since = performance.now();
    await server.stop(20_000);
    expect(performance.now() - since).toBeLessThan(10_000);
    await eventually(() => session.destroyed, 'the connection is closed');
  });

  it('serves nobody whose connection it had taken before', async () => {
    const { server, target, ca } = await serveSecured(new TestAuthorizer(['alice produce default']));
    const { cert, key } = await ca.issue('alice');
    const socket = await dial(target);
    await server.stop(50);
    const createConnection = () =>
      connectTls({ socket, ca: ca.pem, cert, key, ALPNProtocols: ['h2'], servername: 'localhost' });
    const session = connectHttp2('https://localhost', { createConnection });
    session.on('error', () => {});
    await eventually(() => session.destroyed, 'the connection is closed');
  });

  it('cuts a stream that is not read', async () => {
    const value = Buffer.alloc(1_000_000);
    const { server, target } = await serve({
      async consumeStream(_request, _context, responses) {
        for (;;) await responses.write({ record: { value, offset: 0n, term: 0n, type: 0 } });
      },
    });
    const socket = await dial(target);
    const session = connectHttp2(`http://${target}`, { createConnection: () => socket });
    session.on('error', () => {});
    const request = session.request({
      ':method': 'POST',
      ':path': '/log.v1.Log/ConsumeStream',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    request.on('error', () => {});
    request.end(Buffer.alloc(5));
    await once(request, 'response');
    socket.pause();
    await server.stop(50);
    socket.resume();
    await eventually(() => socket.destroyed, 'the connection is cut');
  });

  it('does not start again, and says so', async () => {
    const server = newServer();
    await server.start();
    await server.stop(0);
    await expect(server.start()).rejects.toThrow(/stopped/);
  });

  it('before its start was through does not listen', async () => {
    const server = newServer();
    const started = failureOf(server.start());
    await server.stop(0);
    expect(`${await started}`).toMatch(/stopped/);
    expect(() => server.port).toThrow(/has not started/);
  });
});

describe('a start', () => {
  it('that failed may be tried again', async () => {
    const { server: first } = await serve();
    const second = newServer(`127.0.0.1:${first.port}`);
    closeAfterTest(() => second.stop(0));
    await expect(second.start()).rejects.toThrow(/EADDRINUSE/);
    await first.stop(0);
    await second.start();
    expect(await logClient(`127.0.0.1:${second.port}`).getServers({})).toMatchObject({ term: 1n });
  });

  it('is the end of what may be served', async () => {
    const { server } = await serve();
    expect(() => server.serve(logV1.LogDefinition, memoryLog())).toThrow(/has started/);
  });
});
