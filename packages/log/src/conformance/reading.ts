import assert from 'node:assert/strict';
import type { ConformanceCase } from './case.js';
import {
  appendBig,
  appendEach,
  batchOf,
  indexesIn,
  refused,
  smallSegmentBytes,
  stampedAfter,
  valuesFrom,
  valuesIn,
  words,
} from './script.js';

export const readingCases: readonly ConformanceCase[] = [
  {
    name: 'a slice holds whole batches, as they were stamped, and says where to read on',
    run: async (open) => {
      const { log } = await open();
      const [first, second] = [batchOf('a', 'b'), batchOf('c')];
      await log.append(first);
      await log.append(second);
      const slice = await log.read({ from: 'start' });
      assert(slice.bytes.equals(Buffer.concat([first, second])));
      assert.equal(slice.next.index, 3);
      const end = await log.read({ from: slice.next });
      assert.deepEqual([end.bytes.length, end.next.index], [0, 3]);
    },
  },
  {
    name: 'reading on from slice to slice meets every batch once, across segments',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 20);
      assert(log.segments.length > 3);
      for (const maxBytes of [1, 1500, 2500, 1 << 20]) {
        const indexes: number[] = [];
        for (let slice = await log.read({ from: 'start', maxBytes }); slice.bytes.length > 0; ) {
          indexes.push(...indexesIn(slice.bytes));
          slice = await log.read({ from: slice.next, maxBytes });
        }
        assert.deepEqual(
          indexes,
          Array.from({ length: 20 }, (_, at) => at + 1),
        );
      }
    },
  },
  {
    name: 'maxBytes bounds a slice, unless the first batch alone is longer',
    run: async (open) => {
      const { log } = await open();
      const batches = ['a', 'b', 'c'].map((text) => batchOf(text));
      for (const batch of batches) await log.append(batch);
      const { length } = batches[0]!;
      const count = async (maxBytes: number): Promise<number> =>
        indexesIn((await log.read({ from: 'start', maxBytes })).bytes).length;
      assert.deepEqual(
        [
          await count(1),
          await count(length),
          await count(length * 2 - 1),
          await count(length * 2),
          await count(length * 9),
        ],
        [1, 1, 1, 2, 3],
      );
      for (const maxBytes of [0, -1, Number.NaN]) await refused(log.read({ from: 'start', maxBytes }), 'settings');
    },
  },
  {
    name: 'throughIndex is the last index to be read',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a', 'b', 'c', 'd');
      const slice = await log.read({ from: 'start', throughIndex: 2 });
      assert.deepEqual(valuesIn(slice.bytes), ['a', 'b']);
      assert.equal(slice.next.index, 3);
      const nothing = await log.read({ from: slice.next, throughIndex: 2 });
      assert.deepEqual([nothing.bytes.length, nothing.next.index], [0, 3]);
      assert.deepEqual(await valuesFrom(log, { from: 'start', throughIndex: 3 }), ['a', 'b', 'c']);
      assert.deepEqual(await valuesFrom(log, { from: 'start', throughIndex: 3, follow: true }), ['a', 'b', 'c']);
      assert.deepEqual(await valuesFrom(log, { from: 'start', throughIndex: 99 }), ['a', 'b', 'c', 'd']);
    },
  },
  {
    name: 'a read by index begins at that batch',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 12);
      for (let index = 1; index <= 12; index += 1) {
        assert.deepEqual(await valuesFrom(log, { from: { index } }), words(index, 12));
      }
      assert.deepEqual(await valuesFrom(log, { from: { index: 13 } }), []);
      const bounds = { requested: 14, first: 1, last: 13 };
      const { requested, first, last } = await refused(log.read({ from: { index: 14 } }), 'out-of-range');
      assert.deepEqual({ requested, first, last }, bounds);
      for (const index of [0, -1, 1.5, Number.NaN]) await refused(log.read({ from: { index } }), 'out-of-range');
    },
  },
  {
    name: 'a read by offset begins at the batch that holds it, records at the very record',
    run: async (open) => {
      const { log } = await open();
      await log.append(batchOf('a', 'b', 'c'));
      await log.append(batchOf('d', 'e'));
      assert.deepEqual(valuesIn((await log.read({ from: { offset: 1 } })).bytes), ['a', 'b', 'c', 'd', 'e']);
      const all = ['a', 'b', 'c', 'd', 'e'];
      for (let offset = 0; offset <= 5; offset += 1) {
        assert.deepEqual(await valuesFrom(log, { from: { offset } }), all.slice(offset));
      }
      const { first, last } = await refused(log.read({ from: { offset: 6 } }), 'out-of-range');
      assert.deepEqual([first, last], [0, 5]);
      for (const offset of [-1, 0.5, Number.NaN]) await refused(log.read({ from: { offset } }), 'out-of-range');
    },
  },
  {
    name: 'a read by time begins at the first batch appended then or later',
    run: async (open) => {
      const { log } = await open();
      let position = log.tail;
      for (const [text, appendTime] of [
        ['a', 100],
        ['b', 200],
        ['c', 200],
        ['d', 300],
      ] as const) {
        position = await log.appendStamped([stampedAfter(position, batchOf(text), { appendTime })]);
      }
      const from = async (time: number): Promise<string> => (await valuesFrom(log, { from: { time } })).join('');
      assert.deepEqual(
        [await from(-1), await from(0), await from(100), await from(101), await from(200), await from(201)],
        ['abcd', 'abcd', 'abcd', 'bcd', 'bcd', 'd'],
      );
      assert.deepEqual([await from(300), await from(301)], ['d', '']);
      for (const time of [Number.NaN, Number.POSITIVE_INFINITY]) {
        await refused(log.read({ from: { time } }), 'out-of-range');
      }
    },
  },
  {
    name: 'a read from the end finds nothing, and then what comes',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      const { bytes, next } = await log.read({ from: 'end' });
      assert.equal(bytes.length, 0);
      await appendEach(log, 'b');
      assert.deepEqual(valuesIn((await log.read({ from: next })).bytes), ['b']);
    },
  },
  {
    name: 'what is not durable yet is not read',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      const appending = log.append(batchOf('b'));
      // Whichever of the two comes first: a batch that was read is durable.
      const { bytes } = await log.read({ from: 'start' });
      assert(indexesIn(bytes).length <= log.durable.index);
      await appending;
    },
  },
  {
    name: 'the bytes of a slice are the caller’s own',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      (await log.read({ from: 'start' })).bytes.fill(0xff);
      assert.deepEqual(await valuesFrom(log), ['a']);
    },
  },
  {
    name: 'a cursor stays good whatever is appended, and leads to what is there after a truncation',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      await appendBig(log, 1, 6);
      const { next } = await log.read({ from: 'start', maxBytes: 1 });
      await appendBig(log, 7, 12);
      assert.deepEqual(await valuesFrom(log, { from: next }), words(2, 12));
      const { next: atFive } = await log.read({ from: { index: 4 }, maxBytes: 1 });
      await log.truncateAfter(4);
      await appendEach(log, 'new');
      assert.deepEqual(await valuesFrom(log, { from: atFive }), ['new']);
    },
  },
];
