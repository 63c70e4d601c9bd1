import { encodeBatch, stampBatch } from '@commitlog/record';
import { describe, expect, test } from 'vitest';
import { encodeRegistration, encodeTrim } from '../src/control-batches.js';
import { decodeState } from '../src/derived-state.js';
import { positionAfter } from '../src/entries.js';
import { LogState } from '../src/log-state.js';

/** A log in which a producer appends one record after the other, and the first three batches are trimmed by the sixth. */
const log = [
  encodeRegistration({ id: 0, epoch: 0, subject: 'ann', name: 'x' }),
  ...[0, 1, 2, 3].map(data),
  encodeTrim({ index: 3, term: 1, nextOffset: 2, appendTime: 1003 }),
  ...[4, 5].map(data),
];
for (const [at, batch] of log.entries()) {
  const baseOffset = log.slice(0, at).reduce((sum, before) => sum + before.readUInt32LE(32), 0);
  stampBatch(batch, { index: at + 1, term: 1, baseOffset, appendTime: 1001 + at });
}

function data(baseSequence: number): Buffer {
  return encodeBatch([{ value: Buffer.from(`${baseSequence}`) }], { producerId: 1, baseSequence });
}

function applied(state: LogState, first: number, last: number): LogState {
  for (const batch of log.slice(first - 1, last)) state.apply(batch);
  return state;
}

const whole = applied(new LogState(), 1, log.length);

describe('given a state that was restored from a snapshot', () => {
  const restored = (): LogState => {
    const state = new LogState();
    state.restore(whole.encode());
    return state;
  };

  test('then nothing behind the start of the log is served before it was applied here: this log may hold something else there', () => {
    const state = restored();
    expect([state.start.index, state.applied]).toEqual([3, positionAfter(log[2]!)]);
    expect(applied(state, 4, 5).applied).toEqual(positionAfter(log[4]!));
  });

  test('then what was in it already counts once', () => {
    expect(applied(restored(), 4, log.length).encode()).toEqual(whole.encode());
  });

  test('when it is saved before all of that has come, then whoever goes on from there comes to the same', () => {
    const again = new LogState();
    again.resume(decodeState(applied(restored(), 4, 5).encode()));
    expect(again.applied).toEqual(positionAfter(log[4]!));
    expect(applied(again, 6, log.length).encode()).toEqual(whole.encode());
  });

  test('when a snapshot of what it has applied comes, then it stays as it is', () => {
    const state = applied(new LogState(), 1, log.length);
    state.restore(applied(new LogState(), 1, 7).encode());
    expect(state.encode()).toEqual(whole.encode());
  });
});

test('a start never moves back, whatever a later batch says', () => {
  const state = applied(new LogState(), 1, log.length);
  const back = encodeTrim({ index: 2, term: 1, nextOffset: 1, appendTime: 1002 });
  stampBatch(back, { index: 9, term: 1, baseOffset: 6, appendTime: 1009 });
  state.apply(back);
  expect(state.start.index).toBe(3);
});
