import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type ApiErrorCode, logV1 } from '../../src/index.js';
import {
  eventually,
  failureOf,
  logClient,
  openChannel,
  produceRequest,
  serve,
  serveSecured,
  TestAuthorizer,
  until,
} from '../rig.js';

const unhandled: unknown[] = [];
const warnings: Error[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);
const onWarning = (warning: Error) => warnings.push(warning);

beforeEach(() => {
  process.on('unhandledRejection', onUnhandled);
  process.on('uncaughtException', onUnhandled);
  process.on('warning', onWarning);
});

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  for (const [event, listener] of [
    ['unhandledRejection', onUnhandled],
    ['uncaughtException', onUnhandled],
    ['warning', onWarning],
  ] as const)
    process.off(event, listener);
  const reached = unhandled.splice(0);
  if (reached.length > 0) throw new Error('this would have ended the process', { cause: reached[0] });
  warnings.length = 0;
});

const throws = (): never => {
  throw new Error('a callback that throws');
};
const malformed = { typeUrl: 7, value: 'none' } as never;

describe('an error that cannot be sent', () => {
  it.each([
    ['a time without end', () => new ApiError('OVERLOADED', 'later', { retryAfterMs: Number.POSITIVE_INFINITY })],
    ['no time', () => new ApiError('OVERLOADED', 'later', { retryAfterMs: Number.NaN })],
    ['a time in the past', () => new ApiError('OVERLOADED', 'later', { retryAfterMs: -1 })],
    ['a code that is none', () => new ApiError('NO_SUCH' as ApiErrorCode, 'what is it?')],
    ['details that are none', () => new ApiError('OVERLOADED', 'later', { others: [malformed] })],
  ])('is a defect: %s', async (_what, make) => {
    const fail = (): never => {
      throw make();
    };
    const { target, defects } = await serve({ produce: fail, consumeStream: async () => fail() });
    const log = logClient(target);
    expect(await failureOf(log.produce(produceRequest('tea')))).toMatchObject({ code: 'INTERNAL' });
    const stream = log.consumeStream({ offset: 0n, log: '' })[Symbol.asyncIterator]();
    expect(await failureOf(stream.next())).toMatchObject({ code: 'INTERNAL' });
    expect(defects).toHaveLength(2);
    expect(await log.getServers({})).toMatchObject({ term: 1n });
  });
});

describe('a callback that throws', () => {
  it('onDefect: the call ends in words, and the process is warned', async () => {
    const { target } = await serve({ produce: throws }, {}, { onDefect: throws });
    expect(await failureOf(logClient(target).produce(produceRequest('tea')))).toMatchObject({ code: 'INTERNAL' });
    await eventually(() => warnings.length === 1, 'there is a warning');
  });

  it('onRefused: the refusal stands, and it is a defect', async () => {
    const refuse = (): never => {
      throw new ApiError('PERMISSION_DENIED', 'not this node');
    };
    const authorizer = new TestAuthorizer(['alice produce default']);
    const security = {
      authenticator: { authenticate: () => ({ principal: { kind: 'client', subject: 'alice' } }) as const },
      authorizer,
      onRefused: throws,
    };
    const { as, ca, defects } = await serveSecured(authorizer, { produce: refuse }, { security });
    const alice = as(await ca.issue('alice')).client(logV1.LogDefinition);
    expect(await failureOf(alice.produce(produceRequest('tea')))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(defects).toHaveLength(1);
  });

  it('an observer at the end of a call, at both ends: the call settles, and other observers are told', async () => {
    const told: string[] = [];
    const observers = [
      () => ({ ended: throws }),
      () => ({ ended: ({ code }: { code: string }) => void told.push(code) }),
    ];
    const { target, defects } = await serve({}, {}, { observers });
    const log = openChannel(target, {}, { observers }).client(logV1.LogDefinition);
    expect(await log.produce(produceRequest('tea'))).toEqual({ offset: 0n });
    const stream = log.consumeStream({ offset: 0n, log: '' }, { timeoutMs: 200 })[Symbol.asyncIterator]();
    await stream.next();
    expect(await failureOf(stream.next())).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await eventually(() => told.length === 4, 'all are told');
    expect(defects).toHaveLength(2);
    expect(warnings).toHaveLength(2);
  });

  it('an observer that runs a call, at its half-close: that call ends', async () => {
    let runs = 0;
    const run = <T>(work: () => T): T => {
      runs += 1;
      if (runs === 3) throws();
      return work();
    };
    const { target } = await serve({}, {}, { observers: [() => ({ run, ended: () => {} })] });
    expect(await failureOf(logClient(target).produce(produceRequest('tea')))).toMatchObject({ code: 'INTERNAL' });
    expect(await logClient(target).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });
});

it('writes that nobody waits for do not end the process when the call does', async () => {
  const { target } = await serve({
    async consumeStream(_request, { signal }, responses) {
      const response = { record: { value: Buffer.alloc(1_000_000), offset: 0n, term: 0n, type: 0 } };
      for (let i = 0; i < 10; i++) void responses.write(response);
      await until(signal);
      void responses.write(response);
    },
  });
  const stream = logClient(target).consumeStream({ offset: 0n, log: '' }, { timeoutMs: 100 });
  await failureOf(
    (async () => {
      for await (const _ of stream) await new Promise((resolve) => setTimeout(resolve, 200));
    })(),
  );
});
