import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import type { ByteStream, StreamListener } from '../../src/index.js';
import { nodeStreams } from '../../src/node/index.js';

const listeners: StreamListener[] = [];
const streams: ByteStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.destroy();
  for (const listener of listeners.splice(0)) await listener.close();
});

/** The two ends of one connection. */
async function connect(): Promise<{ near: ByteStream; far: ByteStream; listener: StreamListener }> {
  let accept: ((stream: ByteStream) => void) | undefined;
  const accepted = new Promise<ByteStream>((done) => {
    accept = done;
  });
  const listener = await nodeStreams.listen({ host: '127.0.0.1', port: 0 }, (stream) => accept?.(stream));
  listeners.push(listener);
  const near = await nodeStreams.connect(listener.local, { timeoutMs: 10_000 });
  const far = await accepted;
  streams.push(near, far);
  return { near, far, listener };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function readToEnd(stream: ByteStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream.incoming) text += decoder.decode(chunk, { stream: true });
  return text;
}

test('bytes arrive in order, both ways', async () => {
  const { near, far, listener } = await connect();
  expect(near.remote).toEqual(listener.local);
  expect(far.remote.host).toBe('127.0.0.1');
  for (const word of ['one ', 'two ', 'three']) await near.write(bytes(word));
  await far.write(bytes('answer'));
  await Promise.all([near.end(), far.end()]);
  expect(await readToEnd(far)).toBe('one two three');
  expect(await readToEnd(near)).toBe('answer');
});

test('when one end has said its all, the other can still answer', async () => {
  // An iterator left to itself destroys the socket at its end: the answer would find a closed connection.
  const { near, far } = await connect();
  await near.write(bytes('question'));
  await near.end();
  await near.end();
  expect(await readToEnd(far)).toBe('question');
  await far.write(bytes('answer'));
  await far.end();
  expect(await readToEnd(near)).toBe('answer');
});

test('a port where nobody listens refuses', async () => {
  const { listener } = await connect();
  await listener.close();
  await expect(nodeStreams.connect(listener.local, { timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

test('a connection that does not come about is given up after its time', async () => {
  const { child, port } = await stoppedServer();
  try {
    // The kernel accepts some connections for a stopped process, until its queue is full.
    const connectAll = async (): Promise<void> => {
      for (;;) streams.push(await nodeStreams.connect({ host: '127.0.0.1', port }, { timeoutMs: 200 }));
    };
    await expect(connectAll()).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: `no connection to 127.0.0.1:${port} within 200 ms`,
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** A process that listens with hardly any queue, and is stopped. */
async function stoppedServer(): Promise<{ child: ChildProcess; port: number }> {
  const listen = `const server = require('net').createServer();
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  return { child, port: Number(port) };
}

test('a write waits while the other end does not read, and goes on when it does', async () => {
  const { near, far } = await connect();
  const chunk = new Uint8Array(1 << 20).fill(7);
  let writtenCount = 0;
  let isWaiting = false;
  const writing = (async () => {
    for (; writtenCount < 64; writtenCount++) {
      isWaiting = true;
      await near.write(chunk);
      isWaiting = false;
    }
    await near.end();
  })();
  // The kernel's buffers take some of it, never 64 MiB.
  await quiet(() => writtenCount);
  expect(isWaiting).toBe(true);
  expect(writtenCount).toBeLessThan(64);
  let receivedBytes = 0;
  for await (const part of far.incoming) receivedBytes += part.length;
  await writing;
  expect(receivedBytes).toBe(64 << 20);
});

test('what was written may be changed once the write has returned, however full the connection is', async () => {
  const { near, far } = await connect();
  const reused = new Uint8Array(1_000);
  const count = 20_000;
  const writing = (async () => {
    for (let at = 0; at < count; at++) await near.write(reused.fill(at & 255));
    await near.end();
  })();
  let received = 0;
  let isAsWritten = true;
  for await (const part of far.incoming) {
    for (const byte of part) isAsWritten &&= byte === (Math.floor(received++ / 1_000) & 255);
  }
  await writing;
  expect(received).toBe(count * 1_000);
  expect(isAsWritten).toBe(true);
});

test('dropping a connection rejects a write that waits, and every later one', async () => {
  const { near } = await connect();
  const waiting = near.write(new Uint8Array(64 << 20));
  near.destroy();
  near.destroy();
  await expect(waiting).rejects.toMatchObject({ code: 'EPIPE' });
  await expect(near.write(bytes('late'))).rejects.toMatchObject({ code: 'EPIPE' });
  await near.end();
});

test('a dropped connection throws at whoever reads, and refuses what the other end writes', async () => {
  const { near, far } = await connect();
  await near.write(new Uint8Array(1 << 20));
  // Unread bytes at the far end make its kernel answer with a reset.
  near.destroy();
  await expect(readToEnd(near)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  const writing = (async () => {
    for (;;) await far.write(new Uint8Array(1 << 16));
  })();
  await expect(writing).rejects.toMatchObject({ code: 'EPIPE' });
});

test('writing after the end is refused', async () => {
  const { near } = await connect();
  await near.end();
  await expect(near.write(bytes('more'))).rejects.toMatchObject({ code: 'EPIPE' });
});

test('a listener that is closed leaves its connections alone', async () => {
  const { near, far, listener } = await connect();
  await listener.close();
  await listener.close();
  await near.write(bytes('still here'));
  await near.end();
  expect(await readToEnd(far)).toBe('still here');
});

test('an address that is taken is refused', async () => {
  const { listener } = await connect();
  await expect(nodeStreams.listen(listener.local, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

/** Waits until a number has stood still for a thousand turns of the event loop, with the network looked at in each. */
async function quiet(number: () => number): Promise<void> {
  for (let last = number(), turns = 0; turns < 1_000; turns++) {
    await new Promise((turn) => setImmediate(turn));
    if (number() === last) continue;
    last = number();
    turns = 0;
  }
}

test('a time that is no whole number of milliseconds is waited for', async () => {
  // A signal's timeout takes whole numbers only: what was left of a time never connected.
  const { listener } = await connect();
  for (const timeoutMs of [1_000.25, 1e12]) streams.push(await nodeStreams.connect(listener.local, { timeoutMs }));
});
