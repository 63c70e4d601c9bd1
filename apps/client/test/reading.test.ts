import { ApiError } from '@commitlog/api';
import { encodeBatch, stampBatch } from '@commitlog/record';
import { afterEach, describe, expect, test } from 'vitest';
import { type Commitlog, connect, text } from '../src/index.js';
import { FakeServer, gone, response, storedBatch, until } from './fake-server.js';

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

type Read = Parameters<typeof FakeServer.start>[0];

async function given(read: Read, deadlineMs = 5000): Promise<{ server: FakeServer; log: Commitlog<string> }> {
  const server = await FakeServer.start(read);
  const log = await connect({ servers: server.address, insecure: true, codec: text(), deadlineMs });
  open.push(
    () => server.stop(),
    () => log.close(),
  );
  return { server, log };
}

/** Tells where the reading begins, and nothing else. */
const idle: Read = async (_request, signal, responses) => {
  await responses.write(response(Buffer.alloc(0), 7));
  await gone(signal);
};

describe('given a reading that waits at the end', () => {
  test.each(['abort', 'close', 'dispose'])(
    'when it is ended by %s, then whoever waits is told, and the server is left',
    async (how) => {
      const { server, log } = await given(idle);
      const abort = new AbortController();
      const reading = log.read({ from: 'end', follow: true, signal: abort.signal });
      const next = reading[Symbol.asyncIterator]().next();
      await until('it knows where it begins', () => reading.nextOffset === 7);
      expect([reading.lag, reading.caughtUp]).toEqual([0, true]);
      if (how === 'abort') abort.abort(new Error('enough'));
      else await (how === 'close' ? reading.close() : reading[Symbol.asyncDispose]());
      const ended = how === 'abort' ? { code: 'ABORTED', cause: new Error('enough'), offset: 7 } : { done: true };
      expect(await next.catch((error: unknown) => error)).toMatchObject(ended);
      await until('its stream is released', () => server.openReads === 0, 1000);
    },
  );

  test.each(['records', 'batches'])(
    'when its iterator of %s is left, then whoever waits is told, and the server is left',
    async (kind) => {
      const { server, log } = await given(idle);
      const reading = log.read({ from: 'end', follow: true });
      const iterator = kind === 'records' ? reading[Symbol.asyncIterator]() : reading.batches()[Symbol.asyncIterator]();
      const next = iterator.next();
      await until('it knows where it begins', () => reading.nextOffset === 7);
      await iterator.return!();
      expect(await next).toEqual({ done: true, value: undefined });
      await until('its stream is released', () => server.openReads === 0, 1000);
    },
  );

  test('when nothing is ever read of it, then no stream was opened', async () => {
    const { server, log } = await given(idle);
    await log.read({ follow: true }).close();
    expect(server.requests).toEqual([]);
  });
});

test('given a loop that is left in the middle of a batch, then the server is left', async () => {
  const { server, log } = await given(async (_request, signal, responses) => {
    await responses.write(response(storedBatch(0, 10), 10, 30));
    await gone(signal);
  });
  const reading = log.read({ follow: true });
  for await (const { value } of reading) if (value === '3') break;
  expect([reading.nextOffset, reading.lag]).toEqual([4, 26]);
  await until('its stream is released', () => server.openReads === 0, 1000);
  expect(() => reading[Symbol.asyncIterator]()).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('given streams that break off again and again, then it goes on where each ended, without a gap or a repeat (nats.node 590, etcd3 78)', async () => {
  const { server, log } = await given(async ({ from }, _signal, responses) => {
    const offset = from?.$case === 'offset' ? Number(from.value) : 0;
    // Whole batches of ten, of which the first may begin below: and then it breaks.
    const base = offset - (offset % 10);
    await responses.write(response(storedBatch(base, 10), base + 10, 1000));
    throw new ApiError('STOPPING', 'this node is stopping');
  });
  const found: number[] = [];
  for await (const { value } of log.read({ from: { offset: 5 }, follow: true, limit: 60 })) found.push(Number(value));
  expect(found).toEqual(Array.from({ length: 60 }, (_, at) => 5 + at));
  expect(server.requests.length).toBeGreaterThanOrEqual(6);
});

test('given one from the end whose stream breaks before anything came, then it goes on from there, and misses nothing', async () => {
  let isFirst = true;
  const { log } = await given(async ({ from }, signal, responses) => {
    if (isFirst) {
      isFirst = false;
      await responses.write(response(Buffer.alloc(0), 20));
      throw new ApiError('STOPPING', 'this node is stopping');
    }
    expect(from).toEqual({ $case: 'offset', value: 20n });
    await responses.write(response(storedBatch(20, 2), 22));
    await gone(signal);
  });
  const found: string[] = [];
  for await (const { value } of log.read({ from: 'end', follow: true, limit: 2 })) found.push(value);
  expect(found).toEqual(['20', '21']);
});

test('given one that ends at the end and breaks off, then what goes on asks for no less than was there (etcd 15271)', async () => {
  const { server, log } = await given(async ({ from }, _signal, responses) => {
    if (from?.$case !== 'offset') {
      await responses.write(response(storedBatch(0, 10), 10, 20));
      throw new ApiError('UNAVAILABLE', 'gone');
    }
    await responses.write(response(storedBatch(10, 10), 20, 20));
  });
  const found: string[] = [];
  for await (const { value } of log.read()) found.push(value);
  expect(found).toHaveLength(20);
  expect(server.requests.map(({ consistency }) => consistency)).toEqual([0, 1]);
});

test('given a server that skips records, then it is not believed', async () => {
  const { log } = await given(async (_request, _signal, responses) => {
    await responses.write(response(storedBatch(10, 10), 20));
  });
  const reading = (async () => {
    for await (const _record of log.read({ from: { offset: 5 } }));
  })();
  await expect(reading).rejects.toMatchObject({ code: 'DAMAGED', offset: 5 });
});

test('given bytes that are damaged, then they are read again, and given up at the deadline, with the offset at which to go on', async () => {
  const { server, log } = await given(async (_request, _signal, responses) => {
    const batch = storedBatch(3, 1);
    batch[batch.length - 1]! ^= 1;
    await responses.write(response(Buffer.concat([storedBatch(0, 3), batch]), 4));
  }, 600);
  const found: string[] = [];
  const reading = (async () => {
    for await (const { value } of log.read({ from: { offset: 0 } })) found.push(value);
  })();
  await expect(reading).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    offset: 3,
    message: expect.stringContaining('damaged'),
  });
  expect(found).toEqual(['0', '1', '2']);
  expect(server.requests.length).toBeGreaterThan(2);
  expect(server.requests.length).toBeLessThan(40);
});

test('given a server that answers nothing, then a read settles within its deadline (ioredis 285)', async () => {
  const { log, server } = await given((_request, signal) => gone(signal), 400);
  const beganMs = performance.now();
  await expect(log.get(3)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, offset: 3 });
  expect(performance.now() - beganMs).toBeLessThan(1500);
  await until('its streams are released', () => server.openReads === 0, 1000);
});

test.each([
  ['ends at the end', false, 7],
  ['follows, and is behind', true, 9],
])(
  'given one that %s, when the server says nothing more, then another is asked, within the deadline',
  async (_name, follow, end) => {
    let isFirst = true;
    const { log } = await given(async (_request, signal, responses) => {
      await responses.write(response(Buffer.alloc(0), 7, end));
      if (isFirst) {
        isFirst = false;
        // As where the disk hangs, and heartbeats go on.
        return await gone(signal);
      }
      await responses.write(response(storedBatch(7, 2), 9));
    }, 1500);
    const beganMs = performance.now();
    const found: string[] = [];
    for await (const { value } of log.read({ from: { last: 2 }, follow, limit: 2 })) found.push(value);
    expect(found).toEqual(['7', '8']);
    expect(performance.now() - beganMs).toBeLessThan(1500);
  },
);

test('given a server that begins to answer and then says nothing more, then a read settles within its deadline (ioredis 285)', async () => {
  const { log, server } = await given(idle, 400);
  const beganMs = performance.now();
  await expect(log.get(7)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, offset: 7 });
  expect(performance.now() - beganMs).toBeLessThan(1500);
  await until('its streams are released', () => server.openReads === 0, 1000);
});

test('given a slow reader, then the server is held up, and little is kept (etcd 17529)', async () => {
  let written = 0;
  const { log } = await given(async (_request, signal, responses) => {
    for (let base = 0; !signal.aborted; base += 1) {
      const batch = storedBatchOf(base, 200_000);
      await responses.write(response(batch, base + 1, 1e6));
      written += batch.length;
    }
  });
  const reading = log.read({ follow: true });
  const iterator = reading[Symbol.asyncIterator]();
  await iterator.next();
  let before = -1;
  await until('nothing more is sent', () => {
    const isStill = written === before;
    before = written;
    return isStill && written > 1_000_000;
  });
  expect(written).toBeLessThan(16_000_000);
  await iterator.return!();
});

test('given a slow reader and one beside it on the same connection, then that one is not held up', async () => {
  const { log } = await given(async ({ from }, signal, responses) => {
    const isEndless = from?.$case === 'start';
    for (let base = 0; !signal.aborted && (isEndless || base < 1); base += 1) {
      await responses.write(response(isEndless ? storedBatchOf(base, 200_000) : storedBatch(9, 1), base + 1, 1e6));
    }
  });
  const slow = log.read({ from: 'start', follow: true })[Symbol.asyncIterator]();
  await slow.next();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect((await log.get(9)).value).toBe('9');
  await slow.return!();
});

function storedBatchOf(baseOffset: number, bytes: number): Buffer {
  const batch = encodeBatch([{ value: Buffer.alloc(bytes, '.') }]);
  stampBatch(batch, { index: baseOffset + 1, term: 1, baseOffset, appendTime: 1 });
  return batch;
}
