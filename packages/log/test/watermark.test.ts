import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { Watermark } from '../src/watermark.js';

it('given waiters at several heights, when the mark rises, then those it reaches are woken, in the order they came', async () => {
  const mark = new Watermark(5);
  const woken: string[] = [];
  const waits = [
    mark.reached(8).then(() => woken.push('8')),
    mark.reached(6).then(() => woken.push('6')),
    mark.reached(7).then(() => woken.push('7')),
  ];
  await mark.reached(5);
  mark.set(7);
  await Promise.all(waits.slice(1));
  expect(woken).toEqual(['6', '7']);
  mark.set(100);
  await waits[0];
  expect(woken).toEqual(['6', '7', '8']);
});

it('given the mark went back, when it rises again, then whoever waited all along is woken', async () => {
  const mark = new Watermark(5);
  let isWoken = false;
  const waiting = mark.reached(6).then(() => {
    isWoken = true;
  });
  mark.set(2);
  await Promise.resolve();
  expect(isWoken).toBe(false);
  mark.set(6);
  await waiting;
  expect(isWoken).toBe(true);
});

it('given waiters, when the mark fails, then each gets the error, and those who come later wait', async () => {
  const mark = new Watermark(0);
  const error = new Error('no more');
  const waits = [mark.reached(1), mark.reached(2)];
  mark.fail(error);
  for (const wait of waits) await expect(wait).rejects.toBe(error);
  const later = mark.reached(1);
  mark.set(1);
  await later;
});

it('given a signal, when a wait ends in any way, then nothing listens to the signal any more', async () => {
  const mark = new Watermark(0);
  const abort = new AbortController();
  const listeners = (): number => getEventListeners(abort.signal, 'abort').length;
  const woken = mark.reached(1, abort.signal);
  expect(listeners()).toBe(1);
  mark.set(1);
  await woken;
  expect(listeners()).toBe(0);
  const failed = mark.reached(2, abort.signal);
  mark.fail(new Error('closed'));
  await expect(failed).rejects.toThrow('closed');
  expect(listeners()).toBe(0);
  const aborted = mark.reached(2, abort.signal);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  expect(listeners()).toBe(0);
  await expect(mark.reached(0, abort.signal)).rejects.toThrow('enough');
});

it('given waiters, when the mark goes back and there is something to tell, then each is told', async () => {
  const mark = new Watermark(5);
  const error = new Error('gone');
  const waiting = mark.reached(6);
  mark.set(2, () => error);
  await expect(waiting).rejects.toBe(error);
});
