import { describe, expect, it } from 'vitest';
import { ApiChannel, ApiServer, ChannelCredentials, type Limits, ServerCredentials } from '../../src/index.js';

const server = (init: { limits?: Partial<Limits>; deadlineMs?: number }) =>
  new ApiServer(
    { address: '127.0.0.1:0', ...init },
    { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: () => {} },
  );
const channel = (init: { limits?: Partial<Limits>; deadlineMs?: number }) =>
  new ApiChannel({ target: '127.0.0.1:1', ...init }, { credentials: ChannelCredentials.createInsecure() });

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
