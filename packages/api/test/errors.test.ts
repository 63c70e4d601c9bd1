import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ErrorInfo, LocalizedMessage, RetryInfo } from '../src/generated/google/rpc/error_details.js';
import { Status } from '../src/generated/google/rpc/status.js';
import { fromTrailer, toTrailer } from '../src/grpc/trailer.js';
import {
  ApiError,
  type ApiErrorCode,
  errorTable,
  fromStatus,
  grpcCodeName,
  grpcCodes,
  internalError,
  notLeader,
  offsetOutOfRange,
  toStatus,
} from '../src/index.js';
import { failureOf, logClient, serve } from './rig.js';

/** To the wire and back. */
const travelled = (error: ApiError): ApiError => fromStatus(Status.decode(Status.encode(toStatus(error)).finish()));
const codes = Object.keys(errorTable) as ApiErrorCode[];

it('a value called `__proto__` harms nobody', () => {
  const values = { metadata: JSON.parse('{"__proto__": "polluted", "offset": "7"}') as Record<string, string> };
  const error = travelled(new ApiError('INVALID_REQUEST', 'x', values));
  expect(error.metadata).toEqual({ offset: '7' });
  expect(Object.getPrototypeOf(error.metadata)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

describe('an error on its way to a client', () => {
  it.each(codes)('%s arrives as what it was', (code) => {
    const error = new ApiError(code, `it is ${code}`, {
      metadata: { offset: 7, actual: 2n ** 63n, problem: 'ünïcode "and" so on' },
      leader: { id: 'n2', address: 'b:9000' },
      retryAfterMs: 1250.5,
    });
    const arrived = travelled(error);
    expect(arrived).toMatchObject({
      code,
      reason: code,
      message: `it is ${code}`,
      leader: { id: 'n2', address: 'b:9000' },
      retryAfterMs: 1250.5,
      metadata: { offset: '7', actual: '9223372036854775808', problem: 'ünïcode "and" so on', leader_id: 'n2' },
      grpc: errorTable[code].grpc,
      retry: errorTable[code].retry,
    });
    expect(arrived.status).toBe(grpcCodes[errorTable[code].grpc]);
    expect(arrived).toBeInstanceOf(Error);
  });

  it('has the details that every gRPC library knows', () => {
    const { code, details } = toStatus(offsetOutOfRange(9, { start: 2, end: 5 }));
    expect(code).toBe(11);
    expect(details.map(({ typeUrl }) => typeUrl)).toEqual([
      'type.googleapis.com/google.rpc.ErrorInfo',
      'type.googleapis.com/google.rpc.LocalizedMessage',
    ]);
    expect(ErrorInfo.decode(details[0]!.value)).toEqual({
      reason: 'OFFSET_OUT_OF_RANGE',
      domain: 'commitlog',
      metadata: { offset: '9', start: '2', end: '5' },
    });
    expect(LocalizedMessage.decode(details[1]!.value)).toEqual({
      locale: 'en',
      message: 'there is no record at offset 9: the log has 2 to 4',
    });
  });

  it('keeps details that are not ours, bit for bit and in order', () => {
    const foreign = ErrorInfo.encode({ reason: 'X', domain: 'somebody.else', metadata: {} }).finish();
    const others = [
      { typeUrl: 'type.googleapis.com/google.rpc.DebugInfo', value: Buffer.from([1, 2, 3]) },
      { typeUrl: 'example.com/nothing', value: Buffer.alloc(0) },
      { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from(foreign) },
    ];
    const once = travelled(new ApiError('OVERLOADED', 'x', { others }));
    const twice = travelled(once);
    for (const error of [once, twice]) {
      expect(error.others.map(({ typeUrl, value }) => [typeUrl, Buffer.from(value)])).toEqual(
        others.map(({ typeUrl, value }) => [typeUrl, value]),
      );
    }
  });

  it('keeps details of ours that it cannot read', () => {
    const broken = { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: Buffer.from([0x0a, 0x7f]) };
    expect(fromStatus({ code: 8, message: 'x', details: [broken] }).others).toEqual([broken]);
  });

  it('a reason that only a newer server knows: the gRPC code decides, the reason is kept', () => {
    const info = ErrorInfo.encode({ reason: 'SOMETHING_NEW', domain: 'commitlog', metadata: { a: 'b' } }).finish();
    const details = [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: info }];
    const error = fromStatus({ code: 9, message: 'new', details });
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SOMETHING_NEW', metadata: { a: 'b' } });
    expect(travelled(error)).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SOMETHING_NEW' });
  });

  it('a status without details goes by its gRPC code', () => {
    for (const [name, code] of Object.entries(grpcCodes)) {
      const expected = name === 'OK' ? 'UNKNOWN' : name;
      expect(fromStatus({ code, message: 'm', details: [] })).toMatchObject({ code: expected, message: 'm' });
    }
    expect(grpcCodeName(99)).toBe('UNKNOWN');
  });

  it('details that contradict the status are not believed', () => {
    const { metadata } = toTrailer(new ApiError('NOT_LEADER', 'x'));
    expect(fromTrailer({ code: 7, details: 'no', metadata })).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: 'no',
    });
  });

  it('details that are no status are not believed', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0x0a, 0x7f]));
    expect(fromTrailer({ code: 7, details: 'no', metadata })).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('says retry only where the same call may be made again', () => {
    expect(notLeader({ id: 'n2', address: 'b:9000' }).retry).toBe('yes');
    expect(notLeader(undefined, 100)).toMatchObject({ code: 'NO_LEADER', retryAfterMs: 100 });
    expect(new ApiError('OUTCOME_UNKNOWN', 'x').retry).toBe('idempotent');
    expect(new ApiError('PERMISSION_DENIED', 'x').retry).toBe('no');
    expect(RetryInfo.decode(toStatus(notLeader(undefined, 100)).details[2]!.value)).toEqual({
      retryDelay: { seconds: 0n, nanos: 100_000_000 },
    });
  });
});

describe('an error that is too large for a header', () => {
  const metadata = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, 'värde'.repeat(50)]));
  const others = [{ typeUrl: 'type.example/large', value: new Uint8Array(20_000) }];

  it.each([
    ['details of others', { others, metadata: { offset: 7 } }, { metadata: { offset: '7' }, others: [] }],
    ['values', { metadata }, { metadata: {} }],
    ['both', { others, metadata }, { metadata: {}, others: [] }],
  ])('arrives without its %s', async (_what, values, arrived) => {
    const { target } = await serve({
      produce: () => {
        throw new ApiError('OVERLOADED', '満'.repeat(5000), { ...values, retryAfterMs: 20 });
      },
    });
    const error = await failureOf(logClient(target).produce({ record: undefined, log: '' }));
    expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 20, ...arrived });
    expect(error.message).toMatch(/^満{340}…$/);
  });
});

describe('an error over a real connection', () => {
  const refusing = async (error: unknown) => {
    const served = await serve({
      produce: () => {
        throw error;
      },
      async consumeStream() {
        throw error;
      },
    });
    const log = logClient(served.target);
    const record = { value: Buffer.from('x'), offset: 0n, term: 0n, type: 0 };
    const unary = await failureOf(log.produce({ record, log: '' }));
    const streamed = await failureOf(log.consumeStream({ offset: 0n, log: '' })[Symbol.asyncIterator]().next());
    return { ...served, both: [unary, streamed] };
  };

  it('arrives with all it says, from a call and from a stream', async () => {
    const { both } = await refusing(notLeader({ id: 'n2', address: 'b:9000' }, 250));
    for (const error of both) {
      expect(error).toMatchObject({
        code: 'NOT_LEADER',
        leader: { id: 'n2', address: 'b:9000' },
        retryAfterMs: 250,
        message: 'only the leader does this, and that is "n2" at b:9000',
      });
    }
  });

  it.each([
    ['an error with a path in it', new Error('ENOENT: /var/lib/secret/0.log')],
    ['no error at all', 'just /etc/text'],
    ['nothing', undefined],
  ])('a defect (%s) is told by an id, which the server explains', async (_what, thrown) => {
    const { both, defects } = await refusing(thrown);
    for (const [at, error] of both.entries()) {
      expect(error.code).toBe('INTERNAL');
      expect(error.metadata).toEqual({ id: defects[at]!.id });
      expect(error.metadata.id).toMatch(/^[0-9a-f]{16}$/);
      expect(JSON.stringify([error.message, error.metadata, error.others])).not.toMatch(/[/]|at .*:\d+/);
    }
    expect(defects.map(({ method, error }) => [method, error])).toEqual([
      ['/log.v1.Log/Produce', thrown],
      ['/log.v1.Log/ConsumeStream', thrown],
    ]);
  });

  it.each([
    ['very long', 'x'.repeat(1_000_000)],
    ['with half of a surrogate pair', 'half \ud800 of it'],
    ['with line ends and control characters', 'a\r\nb\u0000c\u007f'],
  ])('a text that no header takes (%s) still arrives, as well as it can', async (_what, text) => {
    const { both } = await refusing(new ApiError('INVALID_REQUEST', text, { metadata: { text } }));
    for (const error of both) {
      expect(error.code).toBe('INVALID_REQUEST');
      expect(error.message.length).toBeLessThanOrEqual(1024);
    }
  });

  it('internal errors are alike but for their ids', () => {
    expect(internalError('a').message).toBe('internal error a: the log of the server explains it');
  });
});
