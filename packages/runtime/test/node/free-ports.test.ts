import { expect, test } from 'vitest';
import { freePorts, nodeDatagrams, nodeStreams } from '../../src/node/index.js';

const host = '127.0.0.1';

test('ports can be listened on, for TCP and UDP, and are outside those that outgoing connections get', async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(10_000);
    expect(port).toBeLessThan(30_000);
    const listener = await nodeStreams.listen({ host, port }, (stream) => stream.destroy());
    const socket = await nodeDatagrams.bind({ host, port }, () => {});
    await Promise.all([listener.close(), socket.close()]);
  }
});

test('none is given twice, whoever asks', async () => {
  const ports = (await Promise.all(Array.from({ length: 50 }, () => freePorts(10)))).flat();
  expect(new Set(ports).size).toBe(500);
});
