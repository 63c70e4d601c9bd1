import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { serveHttp } from '../../src/node/http.js';

test('given one who asks byte by byte, they are cut off within seconds, so that a few of them do not keep health checks away', async () => {
  const listener = await serveHttp({ host: '127.0.0.1', port: 0 }, async () => ({
    status: 200,
    type: 'text/plain',
    body: 'ok\n',
  }));
  const socket = connect(listener.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  // It never is silent for long: only a limit on the whole of what is asked ends it.
  const trickle = setInterval(() => socket.write('X'), 200);
  try {
    await once(socket, 'close', { signal: AbortSignal.timeout(12_000) });
  } finally {
    clearInterval(trickle);
    socket.destroy();
    await listener.close();
  }
  expect(Buffer.concat(chunks).toString()).toContain('408 Request Timeout');
}, 20_000);
