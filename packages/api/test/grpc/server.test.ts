import { getEventListeners } from 'node:events';
import { experimental, ServerCredentials, type ServerInterceptingCall } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ApiError, ApiServer, logV1 } from '../../src/index.js';
import {
  closeAfterTest,
  drain,
  eventually,
  failureOf,
  logClient,
  memoryLog,
  openChannel,
  produceRequest,
  serve,
  until,
} from '../rig.js';

const insecure = { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: () => {} } as const;

describe('a server', () => {
  it('answers calls', async () => {
    const { target } = await serve();
    const log = logClient(target);
    expect(await log.produce(produceRequest('tea'))).toEqual({ offset: 0n });
    const { record } = await log.consume({ offset: 0n, log: '' });
    expect(`${record?.value}`).toBe('tea');
  });

  it('streams both ways, in order', async () => {
    const { target } = await serve();
    const stream = logClient(target).produceStream();
    const offsets = drain(stream);
    for (let i = 0; i < 200; i++) await stream.write(produceRequest(`record ${i}`));
    stream.end();
    expect((await offsets).map(({ offset }) => Number(offset))).toEqual([...Array(200).keys()]);
  });

  it('streams what is more than all windows together, whole and in order', async () => {
    const records = Array.from({ length: 64 }, (_, i) => Buffer.alloc(512 * 1024, i));
    const { target } = await serve(memoryLog(records));
    const received = await drain(
      logClient(target).read({
        log: '',
        from: { $case: 'start', value: true },
        consistency: logV1.Consistency.UNSPECIFIED,
        follow: false,
        responseBytesMax: 0,
      }),
    );
    expect(received.map(({ batches }) => [batches.length, batches[0]])).toEqual(
      records.map((record) => [record.length, record[0]]),
    );
  });

  it('64-bit numbers come as bigints, none of them rounded, and are refused where they cannot be offsets', async () => {
    const { target } = await serve();
    const log = logClient(target);
    for (const offset of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(await failureOf(log.consume({ offset, log: '' }))).toMatchObject({
        code: 'INVALID_OFFSET',
        metadata: { offset: `${offset}` },
      });
    }
    const [offset, end] = [BigInt(Number.MAX_SAFE_INTEGER), 0];
    expect(await failureOf(log.consume({ offset, log: '' }))).toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      grpc: 'OUT_OF_RANGE',
      metadata: { offset: `${offset}`, start: '0', end: `${end}` },
    });
  });

  it('bytes of a request are views of what was received, not copies', async () => {
    let value: Uint8Array | undefined;
    const { target } = await serve({
      produce: ({ record }) => {
        value = record!.value;
        return { offset: 0n };
      },
    });
    await logClient(target).produce(produceRequest(Buffer.alloc(100_000, 1)));
    expect(value!.byteOffset).toBeGreaterThan(0);
    expect(value!.buffer.byteLength).toBeGreaterThan(value!.byteLength);
  });

  it('starts and stops once, whatever is called how often', async () => {
    const server = new ApiServer({ address: '127.0.0.1:0' }, insecure);
    server.serve(logV1.LogDefinition, memoryLog());
    expect(() => server.port).toThrow(/has not started/);
    await server.start();
    const { port } = server;
    await server.start();
    expect(server.port).toBe(port);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
  });

  it('says why it cannot listen', async () => {
    const { server } = await serve();
    const second = new ApiServer({ address: `127.0.0.1:${server.port}` }, insecure);
    second.serve(logV1.LogDefinition, memoryLog());
    await expect(second.start()).rejects.toThrow(/EADDRINUSE/);
    await expect(second.start()).rejects.toThrow(/EADDRINUSE/);
  });

  it('is not made without security beyond a loopback, and not with interceptors that would come first', () => {
    expect(() => new ApiServer({ address: '0.0.0.0:0' }, insecure)).toThrow(/for a loopback alone/);
    for (const address of ['localhost:0', '127.0.0.1:0', '[::1]:0']) new ApiServer({ address }, insecure);
    const credentials = experimental.createServerCredentialsWithInterceptors(ServerCredentials.createInsecure(), [
      (_method, call) => call as InstanceType<typeof ServerInterceptingCall>,
    ]);
    expect(() => new ApiServer({ address: '127.0.0.1:0' }, { ...insecure, credentials })).toThrow(/interceptors/);
  });

  it('is not made without a handler for every method', () => {
    const server = new ApiServer({ address: '127.0.0.1:0' }, insecure);
    const { consume: _, ...rest } = memoryLog();
    expect(() => server.serve(logV1.LogDefinition, rest as ReturnType<typeof memoryLog>)).toThrow(
      'no handler for /log.v1.Log/Consume',
    );
  });
});

describe('deadlines', () => {
  it('a call that sets none ends after the default of the server, and its handler is told', async () => {
    let told: unknown;
    const { target } = await serve(
      {
        getServers: async (_request, { signal }) => {
          await until(signal);
          told = signal.reason;
          throw signal.reason;
        },
      },
      { deadlineMs: 100 },
    );
    const log = logClient(target, { deadlineMs: 60_000 });
    // The client's own default must not be what ends it.
    const { rawCall, rawSession, framed } = await import('./raw.js');
    const answer = await rawCall(rawSession(target), '/log.v1.Log/GetServers', framed(Buffer.alloc(0)));
    expect(answer.status).toBe(4);
    await eventually(() => told !== undefined, 'the handler has ended');
    expect(told).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await log.produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('a client sets one where the caller does not: 10 seconds, and the server knows it', async () => {
    const deadlines: number[] = [];
    const { target } = await serve({
      getServers: (_request, { deadlineMs }) => {
        deadlines.push(deadlineMs - Date.now());
        return { servers: [], term: 0n };
      },
    });
    await logClient(target).getServers({});
    await logClient(target).getServers({}, { timeoutMs: 60_000 });
    expect(deadlines[0]).toBeGreaterThan(5000);
    expect(deadlines[0]).toBeLessThanOrEqual(10_000);
    expect(deadlines[1]).toBeGreaterThan(50_000);
  });

  it('a call that is not answered ends by its own deadline, at both ends', async () => {
    const { target, server } = await serve({ getServers: (_request, { signal }) => until(signal) as Promise<never> });
    const log = logClient(target);
    expect(await failureOf(log.getServers({}, { timeoutMs: 100 }))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await eventually(() => server.openCalls === 0, 'the server has no call left');
  });

  it('a stream has none unless the caller sets one', async () => {
    const { target, server } = await serve({}, { deadlineMs: 50 });
    const log = logClient(target, { deadlineMs: 50 });
    const stream = log.consumeStream({ offset: 0n, log: '' });
    const ended = failureOf(drain(stream));
    await eventually(() => server.openCalls === 1, 'the stream is open');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(server.openCalls).toBe(1);
    stream.cancel();
    expect(await ended).toMatchObject({ code: 'CANCELLED' });
    const bounded = log.consumeStream({ offset: 0n, log: '' }, { timeoutMs: 100 });
    expect(await failureOf(drain(bounded))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe('a client that goes away', () => {
  it('by a signal: both ends know', async () => {
    const reasons: unknown[] = [];
    const { target, server } = await serve({
      getServers: async (_request, { signal }) => {
        await until(signal);
        reasons.push(signal.reason);
        throw new Error('nobody hears this');
      },
    });
    const abort = new AbortController();
    const call = failureOf(logClient(target).getServers({}, { signal: abort.signal }));
    await eventually(() => server.openCalls === 1, 'the call has arrived');
    const reason = new Error('nobody wants to know any more');
    abort.abort(reason);
    expect(await call).toMatchObject({ code: 'CANCELLED', cause: reason });
    await eventually(() => reasons.length === 1 && server.openCalls === 0, 'the handler has ended');
    expect(reasons[0]).toMatchObject({ code: 'CANCELLED' });
    expect(await failureOf(logClient(target).getServers({}, { signal: abort.signal }))).toMatchObject({
      code: 'CANCELLED',
      cause: reason,
    });
  });

  it('by a signal, from a stream: whoever iterates it learns why', async () => {
    const { target, server } = await serve();
    const abort = new AbortController();
    const ended = failureOf(drain(logClient(target).consumeStream({ offset: 0n, log: '' }, { signal: abort.signal })));
    await eventually(() => server.openCalls === 1, 'the call has arrived');
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await ended).toMatchObject({ code: 'CANCELLED', cause: reason });
  });

  it('with an error of the server that came before its signal: the error is what it learns', async () => {
    const abort = new AbortController();
    const { target } = await serve({
      getServers: () => Promise.reject(new ApiError('NO_LEADER', 'none')),
    });
    const failed = await failureOf(logClient(target).getServers({}, { signal: abort.signal }));
    abort.abort();
    expect(failed).toMatchObject({ code: 'NO_LEADER' });
  });

  it('with a signal that lives on: nothing of a call that is over hangs on it', async () => {
    const { target } = await serve();
    const { signal } = new AbortController();
    const log = logClient(target);
    await log.produce(produceRequest('tea'), { signal });
    const stream = log.produceStream({ signal });
    stream.end();
    await drain(stream);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('a channel that was closed refuses calls, and its observers are told', async () => {
    const { target } = await serve();
    const told: string[] = [];
    const observers = [() => ({ ended: ({ code }: { code: string }) => void told.push(code) })];
    const channel = openChannel(target, {}, { observers });
    const log = channel.client(logV1.LogDefinition);
    channel.close();
    expect(await failureOf(log.produce(produceRequest('tea')))).toMatchObject({ code: 'CANCELLED' });
    expect(() => log.produceStream()).toThrow(ApiError);
    expect(told).toEqual(['CANCELLED', 'CANCELLED']);
  });

  it('a stream is iterated once, at both ends, and a second loop says so', async () => {
    const seen: unknown[] = [];
    const { target } = await serve({
      async produceStream(requests, _context, responses) {
        for await (const _ of requests) break;
        seen.push(await failureOf(drain(requests)));
        await responses.write({ offset: 1n });
      },
    });
    const stream = logClient(target).produceStream();
    await stream.write(produceRequest('tea'));
    expect(await drain(stream)).toEqual([{ offset: 1n }]);
    seen.push(await failureOf(drain(stream)));
    expect(seen.map(String)).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/^TypeError: a stream is iterated once/)),
    );
  });

  it('by leaving the loop: the stream is over', async () => {
    const { target, server } = await serve(memoryLog([Buffer.from('a'), Buffer.from('b')]));
    for await (const { record } of logClient(target).consumeStream({ offset: 0n, log: '' })) {
      expect(`${record?.value}`).toBe('a');
      break;
    }
    await eventually(() => server.openCalls === 0, 'the stream is closed');
  });

  it('with its connection, in the middle of a stream each way: the handlers end, and nothing else does', async () => {
    let hasEnded = false;
    const { target, server, defects } = await serve({
      async produceStream(requests, _context, responses) {
        try {
          for await (const _ of requests) await responses.write({ offset: 0n });
        } finally {
          hasEnded = true;
        }
      },
    });
    const channel = openChannel(target);
    const log = channel.client(logV1.LogDefinition);
    const stream = log.produceStream();
    const received = failureOf(drain(stream));
    await stream.write(produceRequest('x'));
    await eventually(() => server.openCalls === 1, 'the stream is open');
    stream.cancel();
    channel.close();
    expect(await received).toMatchObject({ code: 'CANCELLED' });
    await eventually(() => hasEnded && server.openCalls === 0, 'the handler has ended');
    expect(defects).toEqual([]);
    expect(await logClient(target).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('a write after the end is the caller’s mistake, and what was written before still arrives', async () => {
    const { target } = await serve();
    const stream = logClient(target).produceStream();
    await stream.write(produceRequest('x'));
    stream.end();
    await expect(stream.write(produceRequest('y'))).rejects.toThrow('the stream was ended');
    expect(await drain(stream)).toEqual([{ offset: 0n }]);
  });

  it('a write to a stream that is over fails with the reason', async () => {
    const { target } = await serve({
      produceStream: () => Promise.reject(new ApiError('NO_SPACE', 'the disk is full')),
    });
    const stream = logClient(target).produceStream();
    expect(await failureOf(drain(stream))).toMatchObject({ code: 'NO_SPACE' });
    expect(await failureOf(stream.write(produceRequest('x')))).toMatchObject({ code: 'NO_SPACE' });
  });

  it('when the server is gone, every call settles, and works again when it is back', async () => {
    const { server, target } = await serve();
    const log = logClient(target);
    await log.produce(produceRequest('tea'));
    await server.stop(0);
    expect(await failureOf(log.produce(produceRequest('tea')))).toMatchObject({ code: 'UNAVAILABLE' });
    const again = new ApiServer({ address: target }, insecure).serve(logV1.LogDefinition, memoryLog());
    await again.start();
    closeAfterTest(() => again.stop(0));
    let answer: unknown;
    await eventually(() => {
      log.produce(produceRequest('tea')).then(
        (produced) => (answer = produced),
        () => {},
      );
      return answer !== undefined;
    }, 'a call succeeds again');
  });
});

describe('a graceful stop', () => {
  it('ends streams with a hint, and lets calls finish', async () => {
    let finish = (): void => {};
    const { target, server } = await serve({
      getServers: async () => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return { servers: [], term: 3n };
      },
    });
    const log = logClient(target);
    const stream = failureOf(drain(log.consumeStream({ offset: 0n, log: '' })));
    const call = log.getServers({});
    await eventually(() => server.openCalls === 2, 'both have arrived');
    const stopped = server.stop(10_000);
    expect(await stream).toMatchObject({ code: 'STOPPING', grpc: 'UNAVAILABLE', retry: 'idempotent' });
    finish();
    expect(await call).toEqual({ servers: [], term: 3n });
    await stopped;
  });

  it('ends what does not finish in time', async () => {
    const { target, server } = await serve({ getServers: (_request, { signal }) => until(signal) as Promise<never> });
    const call = failureOf(logClient(target).getServers({}));
    await eventually(() => server.openCalls === 1, 'it has arrived');
    await server.stop(50);
    expect(['STOPPING', 'UNAVAILABLE', 'CANCELLED']).toContain((await call).code);
    expect(server.openCalls).toBe(0);
  });
});
