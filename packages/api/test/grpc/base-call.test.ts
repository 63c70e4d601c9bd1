import { once } from 'node:events';
import { constants } from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { fromTrailer } from '../../src/grpc/trailer.js';
import { logV1 } from '../../src/index.js';
import { eventually, failureOf, logClient, produceRequest, serve, until } from '../rig.js';
import { framed, type RawAnswer, rawCall, rawSession } from './raw.js';

const mebibyte = 1_048_576;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What this process holds in buffers, once that neither grows nor shrinks: memory is given back some time after the collection. */
async function bytesHeld(): Promise<number> {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const held = process.memoryUsage().arrayBuffers;
    if (Math.abs(held - before) < mebibyte / 2) return held;
    before = held;
  }
}
const produce = '/log.v1.Log/Produce';

/** The error as one of our clients would get it. */
function errorOf({ headers, status, message }: RawAnswer) {
  const metadata = Metadata.fromHttp2Headers(headers);
  return fromTrailer({ code: status ?? -1, details: message, metadata });
}

const encoded = (value: Uint8Array): Uint8Array => logV1.ProduceRequest.encode(produceRequest(value)).finish();

describe('a message that is too long', () => {
  it('is refused by the length that it claims: nothing of it is taken in', async () => {
    const { target, server } = await serve();
    const session = rawSession(target);
    const before = process.memoryUsage().arrayBuffers;
    const answer = await rawCall(session, produce, framed(Buffer.from('only this'), false, 0xffff_ffff));
    expect(errorOf(answer)).toMatchObject({ code: 'MESSAGE_TOO_LARGE', grpc: 'RESOURCE_EXHAUSTED' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * mebibyte);
    expect((await rawCall(session, produce, framed(encoded(Buffer.from('tea'))))).status).toBe(0);
    await eventually(() => server.openCalls === 0, 'no call is left');
  });

  it('is refused although a good client sends it, and a batch of the largest size is not', async () => {
    const { target } = await serve();
    const log = logClient(target, { limits: { messageBytesMax: 16 * mebibyte } });
    const refused = await failureOf(log.produce(produceRequest(Buffer.alloc(3 * mebibyte))));
    expect(refused).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect(await log.produce(produceRequest(Buffer.alloc(mebibyte)))).toEqual({ offset: 0n });
  });

  it('a client that goes on sending after it was refused is cut off', async () => {
    const { target } = await serve();
    const session = rawSession(target);
    const request = session.request({ ':method': 'POST', ':path': produce, 'content-type': 'application/grpc' });
    request.on('error', () => {});
    request.resume();
    request.write(framed(Buffer.alloc(0), false, 0xffff_ffff));
    const sender = setInterval(() => !request.destroyed && request.write(Buffer.alloc(1000)), 10);
    await once(request, 'close');
    clearInterval(sender);
    expect((await rawCall(session, produce, framed(encoded(Buffer.from('tea'))))).status).toBe(0);
  });
});

describe('a compressed message', () => {
  const gzip = { 'grpc-encoding': 'gzip' };

  it('is taken', async () => {
    const { target } = await serve();
    const body = framed(gzipSync(encoded(Buffer.alloc(1000))), true);
    expect((await rawCall(rawSession(target), produce, body, gzip)).status).toBe(0);
  });

  it.each(['gzip', 'deflate'])(
    'is refused when it is a bomb, and little is set aside for it (%s)',
    async (encoding) => {
      const { deflateSync } = await import('node:zlib');
      const compress = encoding === 'gzip' ? gzipSync : deflateSync;
      const bomb = compress(encoded(Buffer.alloc(256 * mebibyte)));
      expect(bomb.length).toBeLessThan(mebibyte);
      const { target } = await serve();
      const session = rawSession(target);
      let peak = 0;
      const before = process.memoryUsage().arrayBuffers;
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)), 1);
      const answer = await rawCall(session, produce, framed(bomb, true), { 'grpc-encoding': encoding });
      clearInterval(watch);
      expect(errorOf(answer)).toMatchObject({ code: 'MESSAGE_TOO_LARGE', grpc: 'RESOURCE_EXHAUSTED' });
      expect(peak).toBeLessThan(32 * mebibyte);
      expect((await rawCall(session, produce, framed(encoded(Buffer.from('tea'))))).status).toBe(0);
    },
  );

  it('many small bombs, each below the limit, are not inflated before somebody takes them', async () => {
    let taken = 0;
    let isEnough = (): void => {};
    const enough = new Promise<void>((resolve) => {
      isEnough = resolve;
    });
    const { target } = await serve({
      async produceStream(requests, { signal }) {
        for await (const _ of requests) {
          taken += 1;
          await enough;
        }
        await until(signal);
      },
    });
    const session = rawSession(target);
    const bomb = framed(gzipSync(encoded(Buffer.alloc(mebibyte + mebibyte / 2))), true);
    const before = await bytesHeld();
    const streams = Array.from({ length: 16 }, () => {
      const request = session.request({
        ':method': 'POST',
        ':path': '/log.v1.Log/ProduceStream',
        'content-type': 'application/grpc',
        ...gzip,
      });
      request.on('error', () => {});
      request.write(Buffer.concat(Array.from({ length: 20 }, () => bomb)));
      return request;
    });
    await eventually(() => taken === 16, 'every handler has taken a message');
    const held = (await bytesHeld()) - before;
    expect(held, '320 messages of 1.5 MiB would be 480 MiB').toBeLessThan(130 * mebibyte);
    isEnough();
    await eventually(() => taken === 320, 'every message arrives in the end', 20_000);
    for (const request of streams) request.close();
  });

  it('is refused in words when its encoding is unknown', async () => {
    const { target } = await serve();
    const body = framed(Buffer.from('??'), true);
    const answer = await rawCall(rawSession(target), produce, body, { 'grpc-encoding': 'br' });
    expect(errorOf(answer)).toMatchObject({ code: 'UNIMPLEMENTED' });
  });

  it('is refused when it is not what it says', async () => {
    const { target } = await serve();
    const answer = await rawCall(rawSession(target), produce, framed(Buffer.from('no gzip'), true), gzip);
    expect(errorOf(answer)).toMatchObject({ code: 'MALFORMED_MESSAGE' });
  });
});

describe('a client that resets a stream', () => {
  it.each([
    ['without an error', constants.NGHTTP2_NO_ERROR],
    ['to cancel', constants.NGHTTP2_CANCEL],
    ['for a reason of its own', constants.NGHTTP2_INTERNAL_ERROR],
  ])('%s: the call is over, though nobody has read what it sent', async (_what, code) => {
    let taken = 0;
    let aborted = 0;
    const { target, server } = await serve({
      async produceStream(requests, { signal }) {
        try {
          for await (const _ of requests) {
            taken += 1;
            await until(signal);
          }
        } finally {
          aborted += 1;
        }
      },
    });
    const session = rawSession(target);
    const headers = { ':method': 'POST', ':path': '/log.v1.Log/ProduceStream', 'content-type': 'application/grpc' };
    const requests = Array.from({ length: 5 }, () => session.request(headers));
    for (const request of requests) {
      request.on('error', () => {});
      request.write(Buffer.concat(Array.from({ length: 50 }, () => framed(encoded(Buffer.alloc(10_000))))));
    }
    await eventually(() => taken === 5, 'every handler has one message, and more are there');
    for (const request of requests) request.close(code);
    await eventually(() => server.openCalls === 0 && aborted === 5, 'the handlers have ended');
  });
});

describe('bytes that are no message', () => {
  it.each([
    ['a length beyond the end', Buffer.from([0x0a, 0x7f, 1])],
    ['an endless varint', Buffer.alloc(20, 0xff)],
    ['a tag of zero, at which generated code stops', Buffer.from([0, 0, 0])],
    ['an unknown group', Buffer.from([0x7b, 0x7b, 0x7b])],
    ['the right field with the wrong type, cut short', Buffer.from([0x09, 1])],
  ])('%s: INVALID_ARGUMENT, and the next call works', async (_what, bytes) => {
    const { target, defects } = await serve();
    const session = rawSession(target);
    const answer = await rawCall(session, produce, framed(bytes));
    expect(errorOf(answer)).toMatchObject({ code: 'MALFORMED_MESSAGE', grpc: 'INVALID_ARGUMENT' });
    expect(defects).toEqual([]);
    expect((await rawCall(session, produce, framed(encoded(Buffer.from('tea'))))).status).toBe(0);
  });

  it('a frame that is cut short, and a call without a message', async () => {
    const { target } = await serve();
    const session = rawSession(target);
    for (const body of [Buffer.from([0, 0]), Buffer.alloc(0)]) {
      expect((await rawCall(session, produce, body)).status).not.toBe(0);
    }
    expect((await rawCall(session, produce, framed(encoded(Buffer.from('tea'))))).status).toBe(0);
  });
});

describe('headers that make no sense', () => {
  it.each([
    ['a path that nobody serves', '/no.such.Service/Method', {}],
    ['a path with bytes beyond ASCII', '/log.v1.Log/Pr\u00f6duce', {}],
    ['no path at all', '*', {}],
    ['a very long path', `/${'x'.repeat(8000)}`, {}],
    ['a timeout that is none', produce, { 'grpc-timeout': 'soon' }],
    ['a timeout that is over', produce, { 'grpc-timeout': '0n' }],
    ['a content type of something else', produce, { 'content-type': 'text/html' }],
    ['a broken binary header', produce, { 'x-bin': '%%%%' }],
    ['a status from a client', produce, { 'grpc-status': '99', 'grpc-status-details-bin': 'AAAA' }],
  ])('%s: some answer, and the next call works', async (_what, path, headers) => {
    const { target } = await serve();
    const session = rawSession(target);
    await rawCall(session, path, framed(encoded(Buffer.from('x'))), headers);
    expect((await rawCall(session, produce, framed(encoded(Buffer.from('tea'))))).status).toBe(0);
  });

  it('a service, and a method, that do not exist: UNIMPLEMENTED', async () => {
    const { target } = await serve();
    const session = rawSession(target);
    for (const path of ['/no.such.Service/Method', '/log.v1.Log/Nothing']) {
      expect((await rawCall(session, path, framed(Buffer.alloc(0)))).status).toBe(12);
    }
  });
});
