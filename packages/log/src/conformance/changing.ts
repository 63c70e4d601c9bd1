import assert from 'node:assert/strict';
import { origin } from '../position.js';
import type { ConformanceCase } from './case.js';
import { appendBig, appendEach, batchOf, refused, smallSegmentBytes, valuesFrom, words } from './script.js';

export const changingCases: readonly ConformanceCase[] = [
  {
    name: 'truncation forgets what is behind an index, and later appends follow',
    run: async (open) => {
      const { log, reopen } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 12);
      const kept = await log.positionAt(5);
      await log.truncateAfter(5);
      assert.deepEqual(log.tail, kept);
      assert.deepEqual(log.durable, kept);
      assert.deepEqual(await valuesFrom(log), words(1, 5));
      await refused(log.read({ from: { index: 7 } }), 'out-of-range');
      const appended = await log.append(batchOf('other'), { term: 2 });
      assert.deepEqual([appended.index, appended.baseOffset], [6, 5]);
      await log.close();
      const again = await reopen();
      assert.deepEqual(await valuesFrom(again), [...words(1, 5), 'other']);
      assert.equal(await again.termAt(6), 2);
      await again.close();
    },
  },
  {
    name: 'truncation can forget everything, and any boundary of segments will do',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 10);
      const boundary = log.segments.at(-1)!.base.index;
      await log.truncateAfter(boundary);
      assert.equal(log.tail.index, boundary);
      assert.deepEqual(await valuesFrom(log), words(1, boundary));
      await log.truncateAfter(0);
      assert.deepEqual(log.tail, origin);
      await appendEach(log, 'anew');
      assert.deepEqual(await valuesFrom(log), ['anew']);
    },
  },
  {
    name: 'truncation at or above the tail does nothing, and below the start is refused',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b', 'c', 'd');
      const { tail } = log;
      await log.truncateAfter(4);
      await log.truncateAfter(99);
      assert.deepEqual(log.tail, tail);
      await log.trimBefore(3);
      for (const index of [1, -1, 0.5, Number.NaN]) await refused(log.truncateAfter(index), 'out-of-range');
      await log.truncateAfter(2);
      assert.deepEqual(await valuesFrom(log), []);
      assert.deepEqual(log.tail, log.start);
      await appendEach(log, 'e');
      assert.deepEqual(await valuesFrom(log), ['e']);
    },
  },
  {
    name: 'appends made before a truncation are written first, those made after it follow the new tail',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b');
      const before = log.append(batchOf('gone'));
      const truncated = log.truncateAfter(1);
      const after = log.append(batchOf('after'));
      assert.equal((await before).index, 3);
      await truncated;
      assert.equal((await after).index, 2);
      assert.deepEqual(await valuesFrom(log), ['a', 'after']);
    },
  },
  {
    name: 'trimming moves the start, by offset, by time and for readers from the start; it never goes back',
    run: async (open) => {
      const { log, reopen } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 12);
      const start = await log.positionAt(6);
      await log.trimBefore(7);
      assert.deepEqual(log.start, start);
      assert.deepEqual(await valuesFrom(log), words(7, 12));
      assert.deepEqual(await valuesFrom(log, { from: { time: 0 } }), words(7, 12));
      const { first, last } = await refused(log.read({ from: { offset: 5 } }), 'out-of-range');
      assert.deepEqual([first, last], [6, 12]);
      assert(log.firstOnDisk.index <= log.start.index);
      assert.deepEqual(log.firstOnDisk, log.segments[0]!.base);
      assert(log.segments[0]!.end.index > log.start.index, 'segments below the start are dropped');
      for (const index of [0, 1, 7]) await log.trimBefore(index);
      assert.deepEqual(log.start, start);
      await log.close();
      const again = await reopen();
      assert.deepEqual(again.start, start);
      assert.deepEqual(await valuesFrom(again), words(7, 12));
      await again.close();
    },
  },
  {
    name: 'replication may read below the start what is still on disk',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b', 'c');
      await log.trimBefore(3);
      assert.equal(log.start.index, 2);
      const { index } = log.firstOnDisk;
      assert.deepEqual(await valuesFrom(log, { from: { index: index + 1 } }), ['a', 'b', 'c'].slice(index));
    },
  },
  {
    name: 'everything can be trimmed, and nothing that does not exist yet',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b');
      for (const index of [4, -1, 1.5, Number.NaN]) await refused(log.trimBefore(index), 'out-of-range');
      await log.trimBefore(3);
      assert.deepEqual(log.start, log.durable);
      assert.deepEqual(await valuesFrom(log), []);
      assert.equal((await log.append(batchOf('c'))).index, 3);
      assert.deepEqual(await valuesFrom(log), ['c']);
    },
  },
  {
    name: 'the point before a new start need not be read where it is known, and must be the one before it',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b', 'c');
      const known = await log.positionAt(2);
      await refused(log.trimBefore(2, known), 'settings');
      assert.equal(log.start.index, 0);
      await log.trimBefore(3, known);
      assert.deepEqual(log.start, known);
      assert.deepEqual(await valuesFrom(log), ['c']);
    },
  },
  {
    name: 'a truncation and a trim are there after the log was opened again',
    run: async (open) => {
      const { log, reopen } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 12);
      await log.truncateAfter(8);
      await log.trimBefore(3);
      const { start, tail } = log;
      await log.close();
      const again = await reopen();
      assert.deepEqual([again.start, again.tail], [start, tail]);
      assert.deepEqual(await valuesFrom(again), words(3, 8));
      await again.close();
    },
  },
  {
    name: 'a reset drops everything and goes on behind a position',
    run: async (open) => {
      const { log, reopen } = await open();
      await appendEach(log, 'a', 'b');
      const position = { index: 100, term: 7, nextOffset: 1000, appendTime: 5000 };
      await log.reset(position);
      for (const found of [log.start, log.firstOnDisk, log.durable, log.tail]) assert.deepEqual(found, position);
      assert.deepEqual(await valuesFrom(log), []);
      assert.equal(await log.termAt(100), 7);
      const { index, term, baseOffset } = await log.append(batchOf('c'));
      assert.deepEqual([index, term, baseOffset], [101, 7, 1000]);
      await log.close();
      const again = await reopen();
      assert.deepEqual(again.start, position);
      assert.deepEqual(await valuesFrom(again), ['c']);
      await again.close();
    },
  },
  {
    name: 'a reset to something that is no position is refused',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      const position = { index: 100, term: 7, nextOffset: 1000, appendTime: 5000 };
      for (const wrong of [{ index: -1 }, { term: 0.5 }, { nextOffset: Number.NaN }, { appendTime: 2 ** 53 }]) {
        await refused(log.reset({ ...position, ...wrong }), 'settings');
      }
      assert.deepEqual(await valuesFrom(log), ['a']);
    },
  },
];
