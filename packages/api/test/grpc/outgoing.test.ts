import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Outgoing } from '../../src/grpc/outgoing.js';
import { ApiError, rpc } from '../../src/index.js';

const status = (bytes: number): rpc.Status => ({ code: 0, message: 'x'.repeat(bytes), details: [] });

/** A reader that takes one message whenever a test lets it. */
function slowReader() {
  const pending: Array<() => void> = [];
  const stream = new Writable({
    objectMode: true,
    write: (_chunk, _encoding, done) => void pending.push(done),
  });
  return { stream, take: () => pending.shift()?.() };
}

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let isSettled = false;
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return isSettled;
};

describe('write', () => {
  it('returns at once while there is room', async () => {
    const out = new Outgoing(slowReader().stream, rpc.Status);
    for (let i = 0; i < 10; i++) await out.write(status(100));
    expect(out.unsentBytes).toBeGreaterThan(1000);
  });

  it('waits above a mebibyte, however few messages that is, until the reader has taken them', async () => {
    const { stream, take } = slowReader();
    const out = new Outgoing(stream, rpc.Status);
    await out.write(status(600_000));
    const waiting = out.write(status(600_000));
    expect(await settled(waiting)).toBe(false);
    take();
    expect(await settled(waiting)).toBe(true);
  });

  it('waits above sixteen messages, however small they are', async () => {
    const { stream, take } = slowReader();
    const out = new Outgoing(stream, rpc.Status);
    for (let i = 0; i < 15; i++) await out.write(status(1));
    const waiting = out.write(status(1));
    expect(await settled(waiting)).toBe(false);
    for (let i = 0; i < 16; i++) {
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await settled(waiting)).toBe(true);
  });

  it('fails with the reason once the call is over, also for those who wait', async () => {
    const out = new Outgoing(slowReader().stream, rpc.Status);
    const waiting = out.write(status(2_000_000));
    waiting.catch(() => {});
    out.close(new ApiError('STOPPING', 'over'));
    await expect(waiting).rejects.toMatchObject({ code: 'STOPPING' });
    await expect(out.write(status(1))).rejects.toMatchObject({ code: 'STOPPING' });
  });

  it('a message that cannot be encoded is the caller’s error, and the stream goes on', async () => {
    const out = new Outgoing(slowReader().stream, rpc.Status);
    await expect(out.write({ code: 2 ** 40, message: '', details: [] })).rejects.toThrow(/invalid int32/);
    await out.write(status(1));
  });
});
