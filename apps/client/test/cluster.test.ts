import { createTestCluster, type TestCluster } from '@commitlog/agent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Appended, type Commitlog, CommitlogError, connect, json, text } from '../src/index.js';
import { until } from './fake-server.js';

let cluster: TestCluster;
let log: Commitlog<string>;

const to = () => ({ servers: cluster.addresses, insecure: true, codec: text() }) as const;

const values = async (from: number, count: number): Promise<string[]> => {
  const found: string[] = [];
  for await (const { value } of log.read({ from: { offset: from }, limit: count, consistency: 'linearizable' }))
    found.push(value);
  return found;
};

beforeAll(async () => {
  cluster = await createTestCluster({ nodes: 3 });
  log = await connect(to());
}, 60_000);

afterAll(async () => {
  await log.close();
  await cluster.stop();
}, 60_000);

describe('appends', () => {
  test('given twenty at once, then they get twenty offsets, in their order (platformatic/kafka 326)', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, at) => log.append(`at once ${at}`)));
    const [first] = all;
    expect(all.map(({ offset }) => offset - first!.offset)).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(await values(first!.offset, 20)).toEqual(Array.from({ length: 20 }, (_, at) => `at once ${at}`));
  });

  test('given key and headers, then they come back as they were, on every server', async () => {
    const appended = await log.append('tea', {
      key: 'drink',
      headers: { unit: 'cup', raw: new Uint8Array([0, 255]) },
      producerTimeMs: 5,
    });
    for (let at = 0; at < 3; at += 1) {
      const record = await log.get(appended);
      expect(record).toMatchObject({ ...appended, value: 'tea', producerTimeMs: 5 });
      expect([`${record.key}`, `${record.header('unit')}`, [...record.header('raw')!]]).toEqual([
        'drink',
        'cup',
        [0, 255],
      ]);
    }
  });

  test('given a condition, then it is met or refused with the actual offset, and those behind it go on', async () => {
    const { offset } = await log.append('before');
    const met = log.append('met', { expectedOffset: offset + 1 });
    const tooLate = log.append('too late', { expectedOffset: offset });
    const behind = log.append('behind');
    expect((await met).offset).toBe(offset + 1);
    await expect(tooLate).rejects.toMatchObject({
      code: 'OFFSET_MISMATCH',
      outcome: 'not-applied',
      expected: offset,
      actual: offset + 2,
    });
    expect((await behind).offset).toBe(offset + 2);
  });

  test('given what cannot be appended, then it is refused in words, and the next is not', async () => {
    const bytes = await connect({ servers: cluster.addresses, insecure: true });
    await expect(bytes.append(Buffer.alloc(2 ** 21))).rejects.toMatchObject({
      code: 'TOO_LARGE',
      outcome: 'not-applied',
    });
    await expect(bytes.append('text' as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      outcome: 'not-applied',
    });
    await expect(bytes.append(Buffer.from('x'), { expectedOffset: -1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(bytes.append(Buffer.from('x'), { headers: { '\ud800': 'x' } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await bytes.append(Buffer.from('fine'))).toMatchObject({ offset: expect.any(Number) });
    await bytes.close();
    await expect(bytes.append(Buffer.from('late'))).rejects.toMatchObject({ code: 'CLOSED', outcome: 'not-applied' });
  });

  test('given a signal that is aborted before, then nothing is appended', async () => {
    await expect(log.append('never', { signal: AbortSignal.abort('why') })).rejects.toMatchObject({
      code: 'ABORTED',
      outcome: 'not-applied',
      cause: 'why',
    });
  });

  test('given a log that does not exist, then every call says so', async () => {
    const other = await connect({ ...to(), log: 'other' });
    await expect(other.append('x')).rejects.toMatchObject({ code: 'LOG_NOT_FOUND', outcome: 'not-applied' });
    await expect(other.get(0)).rejects.toMatchObject({ code: 'LOG_NOT_FOUND' });
    await other.close();
  });
});

describe('a producer', () => {
  test('given more than there is room for, then `ready` waits, and everything is there in order', async () => {
    const producer = (await connect({ ...to(), pendingBytesMax: 2 ** 21 })).producer();
    const padding = '.'.repeat(1000);
    let most = 0;
    let first: Promise<Appended> | undefined;
    for (let at = 0; at < 8000; at += 1) {
      await producer.ready;
      const appended = producer.append(`${at} ${padding}`);
      first ??= appended;
      most = Math.max(most, producer.pendingBytes);
    }
    const last = await producer.flush();
    await producer.close();
    const { offset } = await first!;
    expect(last!.offset).toBe(offset + 7999);
    expect(most).toBeLessThan(2 ** 21 + 2000);
    expect((await values(offset, 8000)).map((value) => Number.parseInt(value, 10))).toEqual(
      Array.from({ length: 8000 }, (_, at) => at),
    );
  });

  test('given a name that is opened again, then the one before is fenced, and its flush and close say so', async () => {
    const one = log.producer({ name: 'counter' });
    await one.append('one');
    const other = log.producer({ name: 'counter' });
    await other.append('other');
    await expect(one.append('late')).rejects.toMatchObject({ code: 'PRODUCER_FENCED', outcome: 'not-applied' });
    await expect(one.append('later')).rejects.toMatchObject({ code: 'PRODUCER_FAILED', outcome: 'not-applied' });
    await expect(one.ready).rejects.toMatchObject({ code: 'PRODUCER_FENCED' });
    await expect(one.flush()).rejects.toMatchObject({ code: 'PRODUCER_FENCED' });
    await expect(one.close()).rejects.toMatchObject({ code: 'PRODUCER_FENCED' });
    await other.close();
  });

  test('given a web stream that is piped into it, then all of it is in the log', async () => {
    const producer = log.producer();
    const lines = Array.from({ length: 500 }, (_, at) => `line ${at}`);
    await new Blob([lines.join('\n')])
      .stream()
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(
        new TransformStream<string, string>({
          transform: (chunk, controller) => {
            for (const line of chunk.split('\n')) controller.enqueue(line);
          },
        }),
      )
      .pipeTo(producer.writable);
    const last = await producer.flush();
    expect(await values(last!.offset - 499, 500)).toEqual(lines);
  });
});

describe('a reading', () => {
  test('given each place to begin, then it begins there', async () => {
    const marks = [await log.append('m0'), await log.append('m1'), await log.append('m2')] as const;
    const [first] = marks;
    const read = async (from: Parameters<typeof log.read>[0]) => {
      const found: string[] = [];
      for await (const { value } of log.read({ ...from, atLeast: marks[2] })) found.push(value);
      return found;
    };
    expect(await read({ from: { last: 2 } })).toEqual(['m1', 'm2']);
    expect(await read({ from: { offset: first.offset } })).toEqual(['m0', 'm1', 'm2']);
    expect(await read({ from: { offset: first.offset }, limit: 1 })).toEqual(['m0']);
    expect(await read({ from: 'end' })).toEqual([]);
    expect(await read({ from: { time: marks[2].timeMs } })).toContain('m2');
    expect(await read({ limit: 0 })).toEqual([]);
    expect((await read({})).at(-1)).toBe('m2');
    await expect(read({ from: { offset: 1e9 } })).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      start: 0,
      end: marks[2].offset + 1,
    });
    for (const from of [{ offset: -1 }, { last: 0.5 }, {}, 'middle']) {
      expect(() => log.read({ from: from as never })).toThrowError(CommitlogError);
    }
  });

  test('given one that follows, then it gets what comes, and says when it has caught up', async () => {
    const reading = log.read({ from: 'end', follow: true, consistency: 'linearizable' });
    const first = reading[Symbol.asyncIterator]().next();
    await until('it knows where it begins', () => reading.nextOffset !== undefined);
    expect([reading.lag, reading.caughtUp]).toEqual([0, true]);
    await log.append('news');
    expect((await first).value).toMatchObject({ value: 'news' });
    await reading.close();
  });

  test('given batches, then they hold the same records', async () => {
    const [one] = await Promise.all(Array.from({ length: 50 }, (_, at) => log.append(`b${at}`)));
    const found: string[] = [];
    for await (const { records, firstOffset, nextOffset } of log
      .read({ from: one!, limit: 45, atLeast: { offset: one!.offset + 49 } })
      .batches()) {
      expect(nextOffset - firstOffset).toBe(records.length);
      found.push(...records.map(({ value }) => value));
    }
    expect(found).toEqual(Array.from({ length: 45 }, (_, at) => `b${at}`));
  });

  test('given a value that the codec cannot read, then those before it are given, and the error says where', async () => {
    const [good] = await Promise.all([log.append('{"a":1}'), log.append('no JSON')]);
    const typed = log.withCodec(json<{ a: number }>());
    const found: unknown[] = [];
    const reading = (async () => {
      for await (const { value } of typed.read({ from: good!, atLeast: { offset: good!.offset + 1 } }))
        found.push(value);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'DAMAGED', offset: good!.offset + 1 });
    expect(found).toEqual([{ a: 1 }]);
  });

  test('given a log that is closed, then readings end with CLOSED, and what was appended is acknowledged', async () => {
    const other = await connect(to());
    const waiting = other.read({ from: 'end', follow: true })[Symbol.asyncIterator]().next();
    const appended = other.append('at the last moment');
    await other.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await appended).toMatchObject({ offset: expect.any(Number) });
    expect(() => other.read()).toThrowError(CommitlogError);
  });
});

describe('connecting', () => {
  test.each([
    [{ servers: [] }, /servers/],
    [{ servers: 'localhost' }, /host:port/],
    [{ servers: 'localhost:1', deadlineMs: 0 }, /deadlineMs/],
    [{ servers: 'localhost:1', log: '../x' }, /log/],
    [{ servers: 'localhost:1', insecure: false }, /tls/],
    [{ servers: 'localhost:1', insecure: false, tls: { ca: '/none', cert: '/none', key: '/none' } }, /tls/],
  ])('given settings that make no sense, then it says which: %j', async (settings, words) => {
    await expect(connect({ insecure: true, ...settings })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(words),
    });
  });

  test('given nobody at the address, then it says so within the deadline', async () => {
    const beganMs = performance.now();
    await expect(connect({ servers: '127.0.0.1:1', insecure: true, deadlineMs: 500 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    });
    expect(performance.now() - beganMs).toBeLessThan(1500);
  });

  test('given one server of three, then it finds the others, and reads from followers', async () => {
    const one = await connect({ ...to(), servers: [cluster.addresses[2]!], lazy: true });
    await one.append('found');
    expect(one.cluster.servers).toHaveLength(3);
    expect(one.cluster.servers.filter(({ isLeader }) => isLeader)).toHaveLength(1);
    await one.close();
  });
});
