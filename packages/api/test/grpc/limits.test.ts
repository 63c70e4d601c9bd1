import { describe, expect, it } from 'vitest';
import { channelOptions, limitsOf, serverOptions } from '../../src/grpc/limits.js';
import { ApiChannel, ApiServer, ChannelCredentials, type Limits, ServerCredentials } from '../../src/index.js';

const server = (init: { limits?: Partial<Limits>; deadlineMs?: number }) =>
  new ApiServer(
    { address: '127.0.0.1:0', ...init },
    { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: () => {} },
  );
const channel = (init: { limits?: Partial<Limits>; deadlineMs?: number }) =>
  new ApiChannel({ target: '127.0.0.1:1', ...init }, { credentials: ChannelCredentials.createInsecure() });

it('what grpc-js is told follows from them', () => {
  const limits = limitsOf({ messageBytesMax: 5, sessionMemoryMb: 3, streamsMax: 2 });
  const both = {
    'grpc.max_receive_message_length': 5,
    'grpc.max_send_message_length': 5,
    'grpc-node.max_session_memory': 3,
    'grpc.enable_channelz': 0,
  };
  const life = (time: number, timeout: number) => ({
    'grpc.keepalive_time_ms': time,
    'grpc.keepalive_timeout_ms': timeout,
  });
  expect(serverOptions(limits)).toMatchObject({ ...both, ...life(30_000, 10_000), 'grpc.max_concurrent_streams': 2 });
  expect(channelOptions(limits)).toMatchObject({ ...both, ...life(10_000, 5000), 'grpc.enable_retries': 0 });
});

describe('a limit outside of its range', () => {
  it.each([
    ['connectionWindowBytes', 2 ** 31],
    ['streamWindowBytes', 1000],
    ['streamsMax', -1],
    ['prefaceMs', -5],
    ['connectionsMax', 0],
    ['callsMax', 1.5],
    ['messageBytesMax', Number.NaN],
    ['firstMessageMs', 2 ** 31],
  ])('is refused by name: %s %d', (name, value) => {
    expect(() => server({ limits: { [name]: value } })).toThrow(new RegExp(`^${name} must be an integer from`));
    expect(() => channel({ limits: { [name]: value } })).toThrow(RangeError);
  });

  it.each([Number.NaN, 0, -1, 2 ** 31, Number.POSITIVE_INFINITY])('a deadline of %d is refused', (deadlineMs) => {
    expect(() => server({ deadlineMs })).toThrow(/^deadlineMs must be/);
    expect(() => channel({ deadlineMs })).toThrow(/^deadlineMs must be/);
  });
});
