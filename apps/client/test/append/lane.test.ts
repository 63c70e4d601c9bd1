import { ApiError } from '@commitlog/api';
import { describe, expect, test } from 'vitest';
import { openLane, outcomeOf } from './scripted-wire.js';

const place = (baseOffset: number) => ({ baseOffset, term: 1, timeMs: 0 });
const notNow = () => new ApiError('NOT_LEADER', 'another leads');
const lost = () => new ApiError('UNAVAILABLE', 'the connection broke');
const big = (name: string) => Buffer.from(name.padEnd(70_000, '.'));

test('given records whose times lie far apart, when the first of a batch is given up, then the others are appended all the same', async () => {
  const { lane, wire, clock, opened } = openLane();
  const abort = new AbortController();
  const first = outcomeOf(lane.append({ value: Buffer.from('a'), time: 0 }, undefined, abort.signal));
  const second = outcomeOf(lane.append({ value: Buffer.from('b'), time: Number.MAX_SAFE_INTEGER }));
  const third = outcomeOf(lane.append({ value: Buffer.from('c'), time: Number.MIN_SAFE_INTEGER }));
  abort.abort();
  await clock.pass(0);
  opened();
  expect(wire.sent.map(({ values }) => values)).toEqual([['b', 'c']]);
  lane.answered(place(0));
  await clock.pass(0);
  expect([first, second, third]).toEqual([{ code: 'ABORTED', outcome: 'not-applied' }, { offset: 0 }, { offset: 1 }]);
  expect(lane.pending).toBe(0);
});

test('given a batch that every server has refused, when its first was given up, then it goes again whole but for that', async () => {
  const { lane, wire, clock, opened } = openLane();
  const abort = new AbortController();
  outcomeOf(lane.append({ value: Buffer.from('a'), time: 0 }, undefined, abort.signal));
  const others = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER].map((time) =>
    outcomeOf(lane.append({ value: Buffer.from('b'), time })),
  );
  await clock.pass(0);
  opened();
  abort.abort();
  lane.answered(notNow());
  await clock.pass(100);
  expect(wire.sent.map(({ sequence, count }) => [sequence, count])).toEqual([
    [0, 3],
    [0, 2],
  ]);
  lane.answered(place(4));
  await clock.pass(0);
  expect(others).toEqual([{ offset: 4 }, { offset: 5 }]);
});

describe('given a condition that the log has not got to yet, of which a copy was lost', () => {
  async function given() {
    const { lane, wire, clock, opened } = openLane();
    const conditional = outcomeOf(lane.append({ value: Buffer.from('conditional') }, 3));
    const behind = outcomeOf(lane.append({ value: Buffer.from('behind') }));
    await clock.pass(0);
    opened();
    lane.broke(lost());
    await clock.pass(100);
    expect(wire.sent.map(({ values }) => values)).toEqual([['conditional'], ['conditional']]);
    const mismatch = (actual: number): void =>
      lane.answered(new ApiError('OFFSET_MISMATCH', 'not there', { metadata: { expected: '3', actual: `${actual}` } }));
    return { lane, wire, clock, opened, conditional, behind, mismatch };
  }

  test('when the log is before it, then it is unknown, and nothing newer is sent before a new epoch', async () => {
    const { wire, clock, opened, conditional, behind, mismatch, lane } = await given();
    mismatch(1);
    await clock.pass(500);
    expect(conditional).toEqual({ code: 'OFFSET_MISMATCH', outcome: 'unknown' });
    // The lost copy would come just in time behind two more records, so they must not be sent in its epoch.
    expect([wire.sent.length, wire.opens]).toEqual([2, 2]);
    opened();
    expect(wire.sent.at(-1)).toEqual({ values: ['behind'], sequence: 0, count: 1 });
    lane.answered(place(1));
    await clock.pass(0);
    expect(behind).toEqual({ offset: 1 });
  });

  test('when the log is behind it, then it is not applied, and its sequence is the next one’s', async () => {
    const { wire, clock, conditional, mismatch } = await given();
    mismatch(4);
    await clock.pass(0);
    expect(conditional).toEqual({ code: 'OFFSET_MISMATCH', outcome: 'not-applied' });
    expect(wire.opens).toBe(1);
    expect(wire.sent.at(-1)).toEqual({ values: ['behind'], sequence: 0, count: 1 });
  });
});

test('given a stream that has failed, when what was behind the failure is refused, then it is told so at once, and not at its deadline', async () => {
  const { lane, wire, clock, opened } = openLane({ mode: 'stream' });
  const first = outcomeOf(lane.append({ value: big('a') }));
  await clock.pass(0);
  opened();
  await clock.pass(900);
  const second = outcomeOf(lane.append({ value: big('b') }));
  await clock.pass(150);
  expect(first).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' });
  expect([wire.sent.length, second]).toEqual([2, {}]);
  lane.answered(notNow());
  lane.answered(new ApiError('SEQUENCE_GAP', 'not the next'));
  await clock.pass(0);
  expect(second).toEqual({ code: 'PRODUCER_FAILED', outcome: 'not-applied' });
  await clock.pass(5000);
  expect(wire.sent).toHaveLength(2);
});

test('given a refusal, and then no server that takes anything, then it is known that nothing was applied', async () => {
  const { lane, wire, clock, opened } = openLane();
  const abort = new AbortController();
  const appended = outcomeOf(lane.append({ value: Buffer.from('a') }, undefined, abort.signal));
  await clock.pass(0);
  opened();
  lane.answered(notNow());
  await clock.pass(100);
  expect(wire.sent).toHaveLength(2);
  lane.broke(new ApiError('NO_LEADER', 'no server has told who leads'));
  abort.abort();
  await clock.pass(0);
  expect(appended).toEqual({ code: 'ABORTED', outcome: 'not-applied' });
});

test('given an answer that does not say that nothing has happened, then it is not taken for that', async () => {
  const { lane, clock, opened } = openLane();
  const abort = new AbortController();
  const appended = outcomeOf(lane.append({ value: Buffer.from('a') }, undefined, abort.signal));
  await clock.pass(0);
  opened();
  lane.answered(new ApiError('CANCELLED', 'the caller has gone'));
  abort.abort();
  await clock.pass(0);
  expect(appended).toEqual({ code: 'ABORTED', outcome: 'unknown' });
});

test('given many appends with one signal, then nothing is warned of, and they are given up together', async () => {
  const { lane, clock } = openLane({ pendingBytesMax: 1024 * 1024 });
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  const abort = new AbortController();
  const told = Array.from({ length: 20_000 }, () =>
    outcomeOf(lane.append({ value: Buffer.alloc(100) }, undefined, abort.signal)),
  );
  abort.abort();
  await clock.pass(0);
  process.off('warning', warned);
  expect(warnings).toEqual([]);
  expect(new Set(told.map(({ code }) => code))).toEqual(new Set(['ABORTED']));
  expect([lane.pending, lane.pendingBytes]).toEqual([0, 0]);
});
