import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/grpc/codec.js';
import { logV1, raftV1 } from '../../src/index.js';

/** What a node has to say to another that shares as many groups with it as a packet has room for. */
const heartbeats = Array.from({ length: 8192 }, (_, id) =>
  raftV1.Message.fromPartial({
    group: `log-${id}`,
    id,
    from: 'n1@4d5e6f',
    to: 'n2@7a8b9c',
    term: 9,
    body: { $case: 'heartbeat', value: { round: 1, commit: 1_000_000 } },
  }),
);
const entries = Array.from({ length: 20_000 }, (_, at) =>
  raftV1.Entry.fromPartial({ index: at + 1, term: 9, type: 1, data: Buffer.alloc(70, 1) }),
);

describe('a message', () => {
  it.each([
    ['heartbeats', raftV1.Packet.fromPartial({ messages: heartbeats })],
    ['entries', raftV1.Packet.fromPartial({ messages: [{ body: { $case: 'append', value: { entries } } }] })],
  ])('of as many %s as a packet between nodes may have is decoded', (_, packet) => {
    const bytes = Buffer.from(raftV1.Packet.encode(packet).finish());
    const again = raftV1.Packet.encode(decode(raftV1.Packet, bytes)).finish();
    expect(bytes.equals(again)).toBe(true);
  });

  it.each([
    ['entries of nothing', Buffer.from('1a00', 'hex')],
    ['fields that nobody knows', Buffer.from('a20600', 'hex')],
  ])('of a million %s is refused before they fill the memory', (_, part) => {
    const append = Buffer.alloc(1_000_000 * part.length, part);
    const before = process.memoryUsage().heapUsed;
    expect(() => decode(raftV1.Append, append)).toThrow(/more than 262144 tags and lengths/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(150_000_000);
  });

  it('stays as it was encoded, whatever is encoded after it', () => {
    const requests = ['a', 'b'.repeat(100_000), ''].map((log) => ({ offset: 7n, log }));
    const encoded = requests.map((request) => encode(logV1.ConsumeRequest, request));
    for (const [at, bytes] of encoded.entries()) {
      expect(bytes.equals(logV1.ConsumeRequest.encode(requests[at]!).finish())).toBe(true);
    }
  });

  it('that cannot be encoded leaves nothing in the next one', () => {
    const wrong = { log: 'x'.repeat(100), offset: 2n ** 64n };
    const good = { offset: 7n, log: 'x' };
    expect(() => encode(logV1.ConsumeRequest, wrong)).toThrow(/offset.*too large/);
    expect(decode(logV1.ConsumeRequest, encode(logV1.ConsumeRequest, good))).toEqual(good);
  });

  it('ends where its bytes do: one byte of zero behind it says nothing, and more are refused', () => {
    const bytes = logV1.ConsumeRequest.encode({ offset: 7n, log: 'x' }).finish();
    const followedBy = (...rest: number[]) => decode(logV1.ConsumeRequest, Buffer.concat([bytes, Buffer.from(rest)]));
    expect(followedBy(0)).toEqual({ offset: 7n, log: 'x' });
    expect(() => followedBy(0, 0)).toThrow(/ends at byte \d+ of \d+/);
    expect(() => followedBy(0, 8, 1)).toThrow(/ends at byte/);
  });
});
