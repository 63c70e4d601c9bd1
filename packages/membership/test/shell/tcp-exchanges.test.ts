import { connect, type Socket } from 'node:net';
import { nodeClock as clock, nodeRandom as random, nodeStreams as streams } from '@commitlog/runtime/node';
import { afterEach, expect, test } from 'vitest';
import { type ExchangeListener, Keyring, plainHandshake, sealedHandshake, TcpExchanges } from '../../src/index.js';
import { key, loopback, until } from './world.js';

const init = { bytesMax: 1_000, answerWithinMs: 2_000, connectionsMax: 4 };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function exchanges(keyring: Keyring | undefined = new Keyring(key), cluster = 'c'): TcpExchanges {
  const handshake = keyring === undefined ? plainHandshake(cluster) : sealedHandshake(cluster, { keyring, random });
  return new TcpExchanges(init, { streams, clock, handshake });
}

async function echo(server: TcpExchanges): Promise<ExchangeListener> {
  const listener = await server.listen(loopback, (question) =>
    question.length === 0 ? undefined : question.toReversed(),
  );
  closing.push(() => listener.close());
  return listener;
}

async function rawSocket(port: number): Promise<{ socket: Socket; received: Buffer[]; isClosed: () => boolean }> {
  const socket = connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  let isClosed = false;
  socket
    .on('data', (bytes) => received.push(bytes))
    .on('close', () => (isClosed = true))
    .on('error', () => {});
  await new Promise((done) => socket.once('connect', done));
  closing.push(() => socket.destroy());
  return { socket, received, isClosed: () => isClosed };
}

test('given a question, then it is answered, and no byte of either is on the wire', async () => {
  const server = exchanges();
  const { local } = await echo(server);
  expect(await exchanges().ask(local, Uint8Array.of(1, 2, 3), { timeoutMs: 2_000 })).toEqual(Buffer.from([3, 2, 1]));
  expect(server.refused).toBe(0);
});

test('given another key, another cluster, or nothing to say, then there is no answer', async () => {
  const { local } = await echo(exchanges());
  const strangers = [exchanges(new Keyring(new Uint8Array(32).fill(8))), exchanges(new Keyring(key), 'another')];
  for (const stranger of strangers)
    await expect(stranger.ask(local, Uint8Array.of(1), { timeoutMs: 2_000 })).rejects.toBeInstanceOf(Error);
  await expect(exchanges().ask(local, new Uint8Array(0), { timeoutMs: 2_000 })).rejects.toBeInstanceOf(Error);
});

test('given garbage, then the connection is cut without a byte; given nothing at all, then within 5 s', async () => {
  const server = exchanges();
  const { local } = await echo(server);
  const garbage = await rawSocket(local.port);
  garbage.socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await until('it is cut', garbage.isClosed, 2_000);
  const silent = await rawSocket(local.port);
  await until('it is cut', silent.isClosed, 6_000);
  expect([...garbage.received, ...silent.received]).toEqual([]);
  expect(server.refused).toBe(2);
});

test('given a recording of an exchange, then it is cut off, and not one byte of its answer is said again', async () => {
  const server = exchanges();
  const asked: number[] = [];
  const listener = await server.listen(loopback, (question) => {
    asked.push(question.length);
    return question;
  });
  closing.push(() => listener.close());
  const { hello } = sealedHandshake('c', { keyring: new Keyring(key), random }).greet();
  const frame = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const replayer = await rawSocket(listener.local.port);
  replayer.socket.write(Buffer.concat([frame(hello), frame(new Uint8Array(40).fill(1))]));
  await until('it is cut', replayer.isClosed, 3_000);
  expect(Buffer.concat(replayer.received).length).toBeLessThanOrEqual(4 + hello.length);
  expect(asked).toEqual([]);
});

test('given as many silent strangers as there is room for, then the oldest gives way, and members are answered', async () => {
  const { local } = await echo(exchanges());
  const held = await Promise.all(Array.from({ length: 4 }, () => rawSocket(local.port)));
  // Without a key they shut everybody out for as long as they liked.
  expect(await exchanges().ask(local, Uint8Array.of(9), { timeoutMs: 2_000 })).toEqual(Buffer.from([9]));
  await until('the oldest is cut', held[0]!.isClosed, 2_000);
  expect(held.slice(1).some((each) => each.isClosed())).toBe(false);
});

test('given a question or an answer that is too long, then nothing is set aside for it', async () => {
  const { local } = await echo(exchanges());
  await expect(exchanges().ask(local, new Uint8Array(2_000), { timeoutMs: 2_000 })).rejects.toBeInstanceOf(Error);
});
