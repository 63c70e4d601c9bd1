import { ApiError } from '@commitlog/api';
import { expect, test } from 'vitest';
import { LogProducer } from '../../src/append/log-producer.js';
import { text } from '../../src/index.js';
import { settled } from './network.js';
import { openLane, outcomeOf } from './scripted-wire.js';

function given() {
  const { lane, clock, opened } = openLane({ mode: 'stream' });
  const over: string[] = [];
  const components = { lane, codec: text(), clock, onOver: () => void over.push('released') };
  return { producer: new LogProducer(undefined, components), lane, clock, opened, over };
}

test('given an append on its way and one that cannot be encoded, when it is closed, then its connection stays until the first is told where it is', async () => {
  const { producer, lane, clock, opened, over } = given();
  const first = outcomeOf(producer.append('fine'));
  await clock.pass(0);
  opened();
  const second = outcomeOf(producer.append(5 as never));
  const closing = producer.close();
  await settled();
  expect(over).toEqual([]);
  lane.answered({ baseOffset: 0, term: 1, timeMs: 0 });
  await expect(closing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect([first, second]).toEqual([{ offset: 0 }, { code: 'INVALID_ARGUMENT', outcome: 'not-applied' }]);
  expect(over).toEqual(['released']);
});

test('given one that was closed, when something that cannot be encoded is given to it, then what was given before is appended all the same', async () => {
  const { producer, lane, clock, opened } = given();
  const first = outcomeOf(producer.append('fine'));
  const closing = producer.close();
  expect(outcomeOf(producer.append(5 as never))).toEqual({});
  await clock.pass(0);
  opened();
  lane.answered({ baseOffset: 0, term: 1, timeMs: 0 });
  await closing;
  expect(first).toEqual({ offset: 0 });
});

test('given one whose stream breaks while it is closed, then it flushes first', async () => {
  const { producer, lane, clock, opened, over } = given();
  const first = outcomeOf(producer.append('fine'));
  const closing = producer.close();
  await clock.pass(0);
  opened();
  lane.broke(new ApiError('UNAVAILABLE', 'gone'));
  await clock.pass(100);
  expect([first, over]).toEqual([{}, []]);
  lane.answered({ baseOffset: 3, term: 1, timeMs: 0 });
  await closing;
  expect([first, over]).toEqual([{ offset: 3 }, ['released']]);
});
