import assert from 'node:assert/strict';
import type { Log } from '../log.js';
import type { ConformanceCase, OpenFresh } from './case.js';
import { appendBig, appendEach, batchOf, refused, smallSegmentBytes, valuesFrom, valuesIn, words } from './script.js';

/** Takes so many records, then lets go. */
async function take(log: Log, count: number, from: 'start' | 'end'): Promise<string[]> {
  const values: string[] = [];
  for await (const { value } of log.records({ from, follow: true })) {
    values.push(value.toString());
    if (values.length === count) break;
  }
  return values;
}

export const followingCases: readonly ConformanceCase[] = [
  {
    name: 'slices and records end at the end of the log',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 10);
      const values: string[] = [];
      for await (const { bytes } of log.slices({ from: 'start', maxBytes: 1500 })) values.push(...valuesIn(bytes));
      assert.deepEqual(values, words(1, 10));
      assert.deepEqual(await valuesFrom(log), words(1, 10));
    },
  },
  {
    name: 'slices keep to maxBytes and to throughIndex, each of them',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 9);
      const counts: number[] = [];
      for await (const { bytes } of log.slices({ from: 'start', maxBytes: 1, throughIndex: 5 })) {
        counts.push(valuesIn(bytes).length);
      }
      assert.deepEqual(counts, [1, 1, 1, 1, 1]);
    },
  },
  {
    name: 'records come with their offsets, and control batches have none',
    run: async (open) => {
      const { log } = await open();
      await log.append(batchOf('a', 'b'));
      await log.append(batchOf('c'));
      const offsets: number[] = [];
      for await (const { offset } of log.records({ from: 'start' })) offsets.push(offset);
      assert.deepEqual(offsets, [0, 1, 2]);
    },
  },
  {
    name: 'a follower waits at the end, and meets everything that comes once and in order',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      const fromStart = take(log, 5, 'start');
      await appendEach(log, 'b');
      await Promise.all(['c', 'd', 'e'].map((text) => log.append(batchOf(text))));
      assert.deepEqual(await fromStart, ['a', 'b', 'c', 'd', 'e']);
    },
  },
  {
    name: 'a follower from the end meets only what comes',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b');
      const records = log.records({ from: 'end', follow: true });
      const next = records.next();
      await appendEach(log, 'c');
      assert.equal((await next).value?.value.toString(), 'c');
      await records.return();
    },
  },
  ...(['truncated', 'reset'] as const).map((change) => ({
    name: `who has read what is ${change} is told, and never goes on over what took its place`,
    run: async (open: OpenFresh) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b', 'c');
      const { next } = await log.read({ from: 'start' });
      const slices = log.slices({ from: 'start', follow: true });
      assert.deepEqual(valuesIn((await slices.next()).value!.bytes), ['a', 'b', 'c']);
      const told = [refused(slices.next(), 'out-of-range'), refused(log.reached(4), 'out-of-range')];
      const position = await log.positionAt(2);
      await (change === 'truncated' ? log.truncateAfter(2) : log.reset(position));
      await Promise.all(told);
      await appendEach(log, 'x', 'y', 'z');
      await refused(log.read({ from: next }), 'out-of-range');
      assert.deepEqual(await valuesFrom(log, { from: { index: 3 } }), ['x', 'y', 'z']);
    },
  })),
  {
    name: 'an aborted signal ends a follower with its reason, whether it waits or not',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      const reason = new Error('enough');
      const abort = new AbortController();
      const slices = log.slices({ from: 'start', follow: true, signal: abort.signal });
      assert.deepEqual(valuesIn((await slices.next()).value!.bytes), ['a']);
      const waiting = slices.next();
      abort.abort(reason);
      await assert.rejects(waiting, reason);
      assert.deepEqual(await slices.next(), { done: true, value: undefined });
      await assert.rejects(log.slices({ from: 'start', signal: abort.signal }).next(), reason);
    },
  },
  {
    name: 'a follower that is left with break leaves the log as it was',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b');
      assert.deepEqual(await take(log, 1, 'start'), ['a']);
      await appendEach(log, 'c');
      assert.deepEqual(await valuesFrom(log), ['a', 'b', 'c']);
      await log.close();
    },
  },
];
