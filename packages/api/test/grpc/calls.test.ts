import { connect } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { type ApiError, logV1 } from '../../src/index.js';
import {
  closeAfterTest,
  drain,
  eventually,
  failureOf,
  logClient,
  produceRequest,
  serve,
  serveSecured,
  TestAuthorizer,
} from '../rig.js';
import { framed, rawCall, rawSession } from './raw.js';

const consumed: logV1.ConsumeResponse = { record: { value: Buffer.alloc(100), offset: 0n, term: 0n, type: 0 } };

/** A handler that writes as fast as it may, until it may no more. */
const busy = {
  async consumeStream(_request: unknown, _context: unknown, responses: { write(message: unknown): Promise<void> }) {
    for (;;) await responses.write(consumed);
  },
};

/** Resolves with what the stream ended with, once it has brought something. */
async function whenItFlows(responses: AsyncIterable<unknown>): Promise<{ readonly end: Promise<ApiError> }> {
  let flows = (): void => {};
  const flowing = new Promise<void>((resolve) => {
    flows = resolve;
  });
  const read = async (): Promise<void> => {
    for await (const _ of responses) flows();
  };
  const end = failureOf(read());
  await Promise.race([flowing, end]);
  return { end };
}

describe('a stream that is busy', () => {
  it('is told that the server stops', async () => {
    const { server, target } = await serve(busy);
    const { end } = await whenItFlows(logClient(target).consumeStream({ offset: 0n, log: '' }));
    void server.stop(2000);
    expect(await end).toMatchObject({ code: 'STOPPING' });
  });

  it('is told that its grant was revoked', async () => {
    const authorizer = new TestAuthorizer(['alice consume default']);
    const { as, ca } = await serveSecured(authorizer, busy);
    const alice = as(await ca.issue('alice')).client(logV1.LogDefinition);
    const { end } = await whenItFlows(alice.consumeStream({ offset: 0n, log: '' }));
    authorizer.change([]);
    expect(await end).toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});

describe('a handler that outlives its call', () => {
  function sleepers() {
    const wake: Array<() => void> = [];
    const produce = async () => {
      await new Promise<void>((resolve) => wake.push(resolve));
      return { offset: 0n };
    };
    const wakeAll = (): void => {
      for (const resolve of wake.splice(0)) resolve();
    };
    closeAfterTest(wakeAll);
    /** A call that its client gives up as soon as the server works on it. */
    const givenUp = async (log: ReturnType<typeof logClient>): Promise<void> => {
      const abort = new AbortController();
      const arrived = wake.length + 1;
      const failure = failureOf(log.produce(produceRequest('tea'), { signal: abort.signal }));
      await eventually(() => wake.length === arrived, 'the call has arrived');
      abort.abort();
      await failure;
    };
    return { produce, wake, wakeAll, givenUp };
  }

  it('counts for its connection: no more than may be open are worked on', async () => {
    const { produce, wake, wakeAll, givenUp } = sleepers();
    const { target, server } = await serve({ produce }, { limits: { streamsMax: 3 } });
    const log = logClient(target);
    for (let i = 0; i < 3; i++) await givenUp(log);
    await eventually(() => server.openCalls === 0, 'no call is open');
    expect(await failureOf(log.produce(produceRequest('tea')))).toMatchObject({ code: 'OVERLOADED', retry: 'yes' });
    expect(wake).toHaveLength(3);
    const other = logClient(target).produce(produceRequest('tea'));
    await eventually(() => wake.length === 4, 'another connection is served');
    wakeAll();
    expect(await other).toEqual({ offset: 0n });
    const again = log.produce(produceRequest('tea'));
    await eventually(() => wake.length === 1, 'there is room again');
    wakeAll();
    expect(await again).toEqual({ offset: 0n });
  });

  it('counts for the server', async () => {
    const { produce, givenUp } = sleepers();
    const { target } = await serve({ produce }, { limits: { callsMax: 2 } });
    for (let i = 0; i < 2; i++) await givenUp(logClient(target));
    expect(await failureOf(logClient(target).produce(produceRequest('tea')))).toMatchObject({ code: 'OVERLOADED' });
  });

  it('is waited for by a server that stops', async () => {
    const { produce, wakeAll, givenUp } = sleepers();
    const { target, server } = await serve({ produce });
    await givenUp(logClient(target));
    let isStopped = false;
    const stopped = server.stop(10_000).then(() => {
      isStopped = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isStopped).toBe(false);
    wakeAll();
    await stopped;
  });

  it('a call that is over before its message came leaves nothing behind', async () => {
    const { target, server } = await serve({}, { limits: { streamsMax: 2 } });
    const session = rawSession(target);
    const headers = {
      ':method': 'POST',
      ':path': '/log.v1.Log/Produce',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    for (let i = 0; i < 5; i++) {
      const request = session.request(headers);
      request.on('error', () => {});
      await eventually(() => server.openCalls === 1, 'it has arrived');
      request.close(8);
      await eventually(() => server.openCalls === 0, 'it is over');
    }
    const body = framed(logV1.ProduceRequest.encode(produceRequest('tea')).finish());
    expect((await rawCall(session, '/log.v1.Log/Produce', body)).status).toBe(0);
  });
});

describe('when the policy changes', () => {
  it('and an authorizer throws, that call ends, and the others are asked about all the same', async () => {
    const authorizer = new TestAuthorizer(['alice consume default', 'bob consume default']);
    const { as, ca, server, defects } = await serveSecured(authorizer);
    const ends = await Promise.all(
      ['alice', 'bob'].map(async (name) => {
        const log = as(await ca.issue(name)).client(logV1.LogDefinition);
        return { end: failureOf(drain(log.consumeStream({ offset: 0n, log: '' }))) };
      }),
    );
    await eventually(() => server.openCalls === 2, 'both are open');
    const [alice, bob] = ends;
    const isAllowed = authorizer.isAllowed.bind(authorizer);
    authorizer.isAllowed = (principal, action, log) => {
      if (principal.kind === 'client' && principal.subject === 'alice') throw new Error('the policy is broken');
      return isAllowed(principal, action, log);
    };
    authorizer.change([]);
    expect(await alice!.end).toMatchObject({ code: 'INTERNAL' });
    expect(await bob!.end).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(defects).toHaveLength(1);
  });

  it('a stream that named several logs ends when one of them is revoked', async () => {
    const authorizer = new TestAuthorizer(['alice produce orders', 'alice produce default']);
    const { as, ca } = await serveSecured(authorizer);
    const stream = as(await ca.issue('alice'))
      .client(logV1.LogDefinition)
      .produceStream();
    const reader = stream[Symbol.asyncIterator]();
    for (const log of ['orders', 'default']) {
      await stream.write(produceRequest('tea', log));
      await reader.next();
    }
    authorizer.change(['alice produce default']);
    expect(await failureOf(reader.next())).toMatchObject({ code: 'PERMISSION_DENIED', metadata: { log: 'orders' } });
  });
});

describe('a call of which there is nothing but headers', () => {
  it('ends soon, also where it names no log', async () => {
    const { target, server } = await serve({}, { limits: { firstMessageMs: 50, callsMax: 1 } });
    const request = rawSession(target).request({
      ':method': 'POST',
      ':path': '/log.v1.Log/GetServers',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': '1000S',
    });
    request.on('error', () => {});
    await new Promise((resolve) => request.once('response', resolve));
    await eventually(() => server.openCalls === 0, 'it is over');
    expect(await logClient(target).getServers({})).toMatchObject({ servers: [{ id: 'n1' }] });
  });

  it('has its time once it has sent its message, or all that it will', async () => {
    const getServers = async () => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return { servers: [], term: 1n };
    };
    const produceStream = async (requests: AsyncIterable<unknown>) => {
      await drain(requests);
      await getServers();
    };
    const { target } = await serve({ getServers, produceStream }, { limits: { firstMessageMs: 50 } });
    expect(await logClient(target).getServers({})).toMatchObject({ term: 1n });
    const stream = logClient(target).produceStream();
    stream.end();
    expect(await drain(stream)).toEqual([]);
  });
});

describe('clients that take all calls there are', () => {
  it('keep no node from its work', async () => {
    const { getServers, wake, wakeAll } = sleepingServers();
    const { as, ca } = await serveSecured(new TestAuthorizer([]), { getServers }, {}, { limits: { callsMax: 2 } });
    const alice = as(await ca.issue('alice')).client(logV1.LogDefinition);
    const held = [alice.getServers({}), alice.getServers({})];
    await eventually(() => wake.length === 2, 'both have arrived');
    expect(await failureOf(alice.getServers({}))).toMatchObject({ code: 'OVERLOADED' });
    const node = as(await ca.issue('n2', 'spiffe://prod/node/n2')).client(logV1.LogDefinition);
    const ofNode = node.getServers({});
    await eventually(() => wake.length === 3, "the node's has arrived");
    expect(await failureOf(alice.getServers({}))).toMatchObject({ code: 'OVERLOADED' });
    wakeAll();
    expect(await Promise.all([...held, ofNode])).toHaveLength(3);
  });

  function sleepingServers() {
    const wake: Array<() => void> = [];
    const getServers = async () => {
      await new Promise<void>((resolve) => wake.push(resolve));
      return { servers: [], term: 1n };
    };
    const wakeAll = (): void => {
      for (const resolve of wake.splice(0)) resolve();
    };
    closeAfterTest(wakeAll);
    return { getServers, wake, wakeAll };
  }
});

describe('a call that does not name its log', () => {
  it('ends soon, also one that has sent half a message', async () => {
    const { target, server } = await serve({}, { limits: { firstMessageMs: 50 } });
    const silent = logClient(target).produceStream();
    expect(await failureOf(drain(silent))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const half = framed(Buffer.alloc(10), false, 1000);
    const session = connect(`http://${target}`);
    closeAfterTest(() => session.destroy());
    const headers = {
      ':method': 'POST',
      ':path': '/log.v1.Log/Append',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const request = session.request(headers);
    request.on('error', () => {});
    request.write(half);
    await new Promise((resolve) => request.once('response', resolve));
    await eventually(() => server.openCalls === 0, 'it is over');
  });

  it('may be silent once it has', async () => {
    const { target } = await serve({}, { limits: { firstMessageMs: 50 } });
    const stream = logClient(target).produceStream();
    const answers = drain(stream);
    await stream.write(produceRequest('tea'));
    await new Promise((resolve) => setTimeout(resolve, 150));
    await stream.write(produceRequest('coffee'));
    stream.end();
    expect(await answers).toHaveLength(2);
  });
});

describe('a deadline of more than 24.8 days', () => {
  const timeoutMs = 40 * 86_400_000;

  it('does not end a call at once, at either end', async () => {
    const produce = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50)); // longer than "at once"
      return { offset: 0n };
    };
    const { target } = await serve({ produce });
    expect(await logClient(target).produce(produceRequest('tea'), { timeoutMs })).toEqual({ offset: 0n });
    const body = framed(logV1.ProduceRequest.encode(produceRequest('tea')).finish());
    for (const timeout of ['99999999H', '1000H', '50000M', '2592000S']) {
      const answer = await rawCall(rawSession(target), '/log.v1.Log/Produce', body, { 'grpc-timeout': timeout });
      expect([timeout, answer.status]).toEqual([timeout, 0]);
    }
  });
});

it('a handler that answers while its client sends on: the stream is closed all the same', async () => {
  const { target } = await serve({ async produceStream() {} });
  const session = rawSession(target);
  const headers = {
    ':method': 'POST',
    ':path': '/log.v1.Log/ProduceStream',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const request = session.request(headers);
  let status: unknown;
  request.on('response', (received) => {
    status = received['grpc-status'];
  });
  request.resume();
  await eventually(() => request.closed, 'the stream is closed');
  expect(status).toBe('0');
  expect(request.rstCode).toBe(0);
});
