import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Network } from '../../faults/network.js';

it('given one direction that is cut, then the other goes on, nothing new connects, and what was held back arrives when it heals', async () => {
  const b = createServer().listen(0, '127.0.0.1');
  const accepted: Socket[] = [];
  const heard: string[] = [];
  b.on('connection', (socket) => {
    accepted.push(socket.on('data', (bytes) => heard.push(`${bytes}`)));
  });
  await once(b, 'listening');
  const { port } = b.address() as { port: number };
  const network = new Network(() => 'b');
  onTestFinished(async () => {
    await network.close();
    b.close();
  });
  const proxy = new URL((await network.environmentOf('a')).grpc_proxy!);
  const dial = async (): Promise<Socket> => {
    const asked = request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: `127.0.0.1:${port}` });
    asked.end();
    const [, socket] = (await once(asked, 'connect')) as [unknown, Socket];
    return socket;
  };

  const a = await dial();
  const told: string[] = [];
  a.on('data', (bytes) => told.push(`${bytes}`));
  a.write('one');
  await vi.waitFor(() => expect(heard).toEqual(['one']));
  network.cut('a', 'b');
  a.write('two');
  let isSecondThere = false;
  const second = dial().then((socket) => {
    isSecondThere = true;
    return socket;
  });
  accepted[0]!.write('answer');
  await vi.waitFor(() => expect(told).toEqual(['answer']));
  expect(heard).toEqual(['one']);
  expect(isSecondThere).toBe(false);
  network.heal();
  await vi.waitFor(() => expect(heard).toEqual(['one', 'two']));
  (await second).write('three');
  await vi.waitFor(() => expect(heard).toEqual(['one', 'two', 'three']));
  expect(network.connections).toBe(2);
});
