import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import type { Address, DatagramSocket } from '../../src/index.js';
import { nodeDatagrams } from '../../src/node/index.js';

interface Packet {
  readonly text: string;
  readonly from: Address;
}

const sockets: DatagramSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) await socket.close();
});

/** A socket, and the packets that reach it, to be waited for one at a time. */
async function bind(host: string): Promise<{ socket: DatagramSocket; next(): Promise<Packet> }> {
  const arrived: Packet[] = [];
  let wake = (): void => {};
  const socket = await nodeDatagrams.bind({ host, port: 0 }, (packet, from) => {
    arrived.push({ text: new TextDecoder().decode(packet), from });
    wake();
  });
  sockets.push(socket);
  return {
    socket,
    async next() {
      for (;;) {
        const packet = arrived.shift();
        if (packet !== undefined) return packet;
        await new Promise<void>((done) => {
          wake = done;
        });
      }
    },
  };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

describe.each([
  ['IPv4', '127.0.0.1', true],
  ['IPv6', '::1', hasIPv6],
])('over %s', (_, host, isAvailable) => {
  test.runIf(isAvailable)('a packet arrives whole, and says where from', async () => {
    const receiver = await bind(host);
    const { socket } = await bind(host);
    expect(socket.local.port).toBeGreaterThan(0);
    socket.send(bytes('hello'), receiver.socket.local);
    expect(await receiver.next()).toEqual({ text: 'hello', from: { host, port: socket.local.port } });
  });
});

test('a packet to a name is sent as it was, though its bytes are used again before the name is looked up', async () => {
  const receiver = await bind('127.0.0.1');
  const { socket } = await bind('127.0.0.1');
  const packet = bytes('first');
  socket.send(packet, { host: 'localhost', port: receiver.socket.local.port });
  await new Promise((nextTurn) => setImmediate(nextTurn));
  packet.set(bytes('LATER'));
  expect((await receiver.next()).text).toBe('first');
});

test('a port that is taken is refused', async () => {
  const { socket } = await bind('127.0.0.1');
  await expect(nodeDatagrams.bind(socket.local, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('a packet that cannot be sent is a lost packet, and the socket goes on', async () => {
  const receiver = await bind('127.0.0.1');
  const { socket } = await bind('127.0.0.1');
  const closed = await bind('127.0.0.1');
  await closed.socket.close();
  socket.send(bytes('nobody listens'), closed.socket.local);
  socket.send(new Uint8Array(70_000), receiver.socket.local);
  socket.send(bytes('no such host'), { host: 'nowhere.invalid', port: 9 });
  socket.send(bytes('arrives'), receiver.socket.local);
  expect((await receiver.next()).text).toBe('arrives');
});

// Node refuses these ports with an exception, and whoever answered a packet that came from port 0 ended the process.
test('a packet to a port that is none is a lost packet, and the socket goes on', async () => {
  const receiver = await bind('127.0.0.1');
  const { socket } = await bind('127.0.0.1');
  for (const port of [0, 70_000, -1, 0.5, Number.NaN]) socket.send(bytes('no such port'), { host: '127.0.0.1', port });
  socket.send(bytes('arrives'), receiver.socket.local);
  expect((await receiver.next()).text).toBe('arrives');
});

test('a packet that Node refuses to send is a lost packet', async () => {
  const receiver = await bind('127.0.0.1');
  const { socket } = await bind('127.0.0.1');
  socket.send(bytes('no address'), { host: 4711 as never, port: receiver.socket.local.port });
  socket.send(bytes('arrives'), receiver.socket.local);
  expect((await receiver.next()).text).toBe('arrives');
});

test('a packet that comes from port 0 does not arrive: nobody can answer it', async (context) => {
  const receiver = await bind('127.0.0.1');
  const { socket } = await bind('127.0.0.1');
  const forged = sendFromPortZero(receiver.socket.local.port);
  context.skip(forged !== 'sent', `no right to forge a packet here: ${forged}`);
  socket.send(bytes('arrives'), receiver.socket.local);
  expect((await receiver.next()).text).toBe('arrives');
});

/** Node has no raw sockets, and an ordinary one never sends from port 0. */
function sendFromPortZero(port: number): string {
  const script = `
import socket, struct
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.sendto(struct.pack('!HHHH', 0, ${port}, 8 + 6, 0) + b'forged', ('127.0.0.1', 0))
`;
  const { status, stderr, error } = spawnSync('python3', ['-c', script], { encoding: 'utf8' });
  return status === 0 ? 'sent' : (error?.message ?? stderr.trim().split('\n').at(-1)!);
}

test('after closing, which may be done twice, nothing is sent', async () => {
  const { socket } = await bind('127.0.0.1');
  await Promise.all([socket.close(), socket.close()]);
  expect(() => socket.send(bytes('late'), { host: '127.0.0.1', port: 9 })).not.toThrow();
});
