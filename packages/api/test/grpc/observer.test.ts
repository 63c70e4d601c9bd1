import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type CallObserver,
  type CallOutcome,
  type CallStart,
  logV1,
  offsetOutOfRange,
  tracing,
} from '../../src/index.js';
import {
  drain,
  eventually,
  failureOf,
  logClient,
  openChannel,
  produceRequest,
  serve,
  serveSecured,
  TestAuthorizer,
} from '../rig.js';

type Seen = CallStart & Partial<CallOutcome>;

function recorder(): { observer: CallObserver; seen: Seen[] } {
  const seen: Seen[] = [];
  const observer: CallObserver = (call) => {
    const entry: Seen = { ...call };
    seen.push(entry);
    return { ended: (outcome) => void Object.assign(entry, outcome) };
  };
  return { observer, seen };
}

describe('an observer of a server', () => {
  it('is told of each call once, however it ends', async () => {
    const { observer, seen } = recorder();
    const served = await serve(
      {
        consume: () => {
          throw offsetOutOfRange(1, { start: 0, end: 1 });
        },
        openProducer: () => {
          throw new Error('a defect');
        },
      },
      {},
      { observers: [observer] },
    );
    const log = logClient(served.target, { limits: { messageBytesMax: 8_000_000 } });
    await log.produce(produceRequest('tea'));
    await failureOf(log.consume({ offset: 1n, log: '' }));
    await failureOf(log.openProducer({ log: '', name: '' }));
    await failureOf(log.produce(produceRequest(Buffer.alloc(4_000_000))));
    const stream = log.produceStream();
    const answers = drain(stream);
    for (let i = 0; i < 3; i++) await stream.write(produceRequest('x'));
    stream.end();
    await answers;
    const cancelled = log.consumeStream({ offset: 0n, log: '' });
    const end = failureOf(drain(cancelled));
    await eventually(() => seen.length === 6, 'the last call has arrived');
    cancelled.cancel();
    await end;
    await eventually(() => seen.every(({ code }) => code !== undefined), 'every call has ended');
    const outcomes = seen.map((each) => [
      each.method.split('/')[2],
      each.isStream,
      each.code,
      each.error?.code,
      each.messagesReceived,
      each.messagesSent,
    ]);
    expect(outcomes).toEqual([
      ['Produce', false, 'OK', undefined, 1, 1],
      ['Consume', false, 'OUT_OF_RANGE', 'OFFSET_OUT_OF_RANGE', 1, 0],
      ['OpenProducer', false, 'INTERNAL', 'INTERNAL', 1, 0],
      ['Produce', false, 'RESOURCE_EXHAUSTED', 'MESSAGE_TOO_LARGE', 0, 0],
      ['ProduceStream', true, 'OK', undefined, 3, 3],
      ['ConsumeStream', true, 'CANCELLED', undefined, 1, 4],
    ]);
    for (const { side, peer, durationMs, principal } of seen) {
      expect([side, principal]).toEqual(['server', { kind: 'client', subject: 'anonymous' }]);
      expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(durationMs).toBeGreaterThan(0);
    }
    expect(seen[2]!.error!.metadata.id).toBe(served.defects[0]!.id);
  });

  it('that throws is a defect, and the server goes on', async () => {
    const throwing: CallObserver = () => ({
      ended() {
        throw new Error('a defect');
      },
    });
    const { target, defects } = await serve({}, {}, { observers: [throwing] });
    const log = logClient(target);
    expect(await log.produce(produceRequest('tea'))).toEqual({ offset: 0n });
    expect(await log.produce(produceRequest('tea'))).toEqual({ offset: 1n });
    expect(defects).toMatchObject([{ error: new Error('a defect') }, { error: new Error('a defect') }]);
  });

  it('is told of those who were not let in, and who they were', async () => {
    const { observer, seen } = recorder();
    const authorizer = new TestAuthorizer([]);
    const secured = await serveSecured(authorizer, {}, { observers: [observer] });
    const clientAs = async (name: string) => secured.as(await secured.ca.issue(name)).client(logV1.LogDefinition);
    await failureOf((await clientAs('nobody')).getServers({}));
    await failureOf((await clientAs('bob')).produce(produceRequest('x')));
    expect(seen.map(({ code, principal }) => [code, principal])).toEqual([
      ['UNAUTHENTICATED', undefined],
      ['PERMISSION_DENIED', { kind: 'client', subject: 'bob' }],
    ]);
  });
});

it('an observer of a channel is told of each call once', async () => {
  const { observer, seen } = recorder();
  const { target } = await serve();
  const log = openChannel(target, {}, { observers: [observer] }).client(logV1.LogDefinition);
  await log.produce(produceRequest('tea'));
  await failureOf(log.consume({ offset: 5n, log: '' }));
  const stream = log.produceStream();
  const answers = drain(stream);
  await stream.write(produceRequest('x'));
  stream.end();
  await answers;
  expect(
    seen.map(({ side, method, code, messagesSent, messagesReceived }) => [
      side,
      method,
      code,
      messagesSent,
      messagesReceived,
    ]),
  ).toEqual([
    ['client', '/log.v1.Log/Produce', 'OK', 1, 1],
    ['client', '/log.v1.Log/Consume', 'OUT_OF_RANGE', 1, 0],
    ['client', '/log.v1.Log/ProduceStream', 'OK', 1, 1],
  ]);
});

describe('tracing', () => {
  afterEach(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });

  interface RecordedSpan {
    readonly name: string;
    readonly kind: SpanKind | undefined;
    readonly id: string;
    readonly parent: string | undefined;
    readonly attributes: Record<string, unknown>;
    status?: unknown;
    hasEnded: boolean;
  }

  /** What an SDK of OpenTelemetry does, as far as is looked at here. */
  function registerTelemetry(): RecordedSpan[] {
    const spans: RecordedSpan[] = [];
    const startSpan = (name: string, options: SpanOptions = {}, parent = ROOT_CONTEXT): Span => {
      const id = `${spans.length + 1}`.padStart(16, '0');
      const attributes: Record<string, unknown> = { ...options.attributes };
      const recorded: RecordedSpan = {
        name,
        kind: options.kind,
        id,
        parent: trace.getSpanContext(parent)?.spanId,
        attributes,
        hasEnded: false,
      };
      spans.push(recorded);
      const span = {
        spanContext: () => ({ traceId: 'a'.repeat(32), spanId: id, traceFlags: 1 }),
        setAttribute: (key: string, value: unknown) => void Object.assign(attributes, { [key]: value }),
        setStatus: (status: unknown) => void Object.assign(recorded, { status }),
        end: () => void Object.assign(recorded, { hasEnded: true }),
      };
      return span as unknown as Span;
    };
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as unknown as Tracer });
    const storage = new AsyncLocalStorage<ReturnType<typeof context.active>>();
    context.setGlobalContextManager({
      active: () => storage.getStore() ?? ROOT_CONTEXT,
      with: (active: typeof ROOT_CONTEXT, work: () => unknown) => storage.run(active, work),
      bind: <T>(_context: unknown, target: T) => target,
      enable: () => {},
      disable: () => {},
    } as unknown as ContextManager);
    propagation.setGlobalPropagator({
      inject: (active, carrier, setter) => setter.set(carrier, 'x-span', trace.getSpanContext(active)?.spanId ?? ''),
      extract: (active, carrier, getter) => {
        const spanId = [getter.get(carrier, 'x-span')].flat()[0];
        return spanId === undefined
          ? active
          : trace.setSpanContext(active, { traceId: 'a'.repeat(32), spanId, traceFlags: 1 });
      },
      fields: () => ['x-span'],
    });
    return spans;
  }

  it('a call is one span at the client and one at the server, its child, within which the handler runs', async () => {
    const spans = registerTelemetry();
    const active: Array<string | undefined> = [];
    const { target } = await serve(
      {
        produce: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          active.push(trace.getSpanContext(context.active())?.spanId);
          return { offset: 0n };
        },
        async produceStream(requests, _context, responses) {
          for await (const _ of requests) {
            active.push(trace.getSpanContext(context.active())?.spanId);
            await responses.write({ offset: 0n });
          }
        },
      },
      {},
      { observers: [tracing()] },
    );
    const log = openChannel(target, {}, { observers: [tracing()] }).client(logV1.LogDefinition);
    await log.produce(produceRequest('x'));
    const stream = log.produceStream();
    const answers = drain(stream);
    await stream.write(produceRequest('x'));
    stream.end();
    await answers;
    expect(spans.map(({ name, kind, id, parent, hasEnded }) => [name, kind, id, parent, hasEnded])).toEqual([
      ['log.v1.Log/Produce', SpanKind.CLIENT, '0000000000000001', undefined, true],
      ['log.v1.Log/Produce', SpanKind.SERVER, '0000000000000002', '0000000000000001', true],
      ['log.v1.Log/ProduceStream', SpanKind.CLIENT, '0000000000000003', undefined, true],
      ['log.v1.Log/ProduceStream', SpanKind.SERVER, '0000000000000004', '0000000000000003', true],
    ]);
    expect(active).toEqual(['0000000000000002', '0000000000000004']);
    expect(spans[1]!.attributes).toMatchObject({
      'rpc.system': 'grpc',
      'rpc.service': 'log.v1.Log',
      'rpc.method': 'Produce',
      'rpc.grpc.status_code': 0,
    });
  });

  it('a failure is on the span', async () => {
    const spans = registerTelemetry();
    const { target } = await serve({}, {}, { observers: [tracing()] });
    await failureOf(logClient(target).consume({ offset: 1n, log: '' }));
    expect(spans[0]).toMatchObject({
      attributes: { 'rpc.grpc.status_code': 11, 'error.type': 'OFFSET_OUT_OF_RANGE' },
      status: { code: 2 },
      hasEnded: true,
    });
  });

  it('costs nothing without a provider, and everything works', async () => {
    const { target } = await serve({}, {}, { observers: [tracing()] });
    expect(await logClient(target).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });
});
