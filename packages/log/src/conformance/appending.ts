import assert from 'node:assert/strict';
import { batchTypes, encodeControlBatch, headerBytes, readHeader } from '@commitlog/record';
import type { ConformanceCase } from './case.js';
import { appendEach, batchOf, big, refused, stampedAfter, valuesFrom } from './script.js';

export const appendingCases: readonly ConformanceCase[] = [
  {
    name: 'an append resolves with the place of its batch, which is durable then',
    run: async (open) => {
      const { log } = await open();
      const first = await log.append(batchOf('a', 'b', 'c'));
      assert.deepEqual([first.index, first.term, first.baseOffset], [1, 1, 0]);
      assert.equal(log.durable.index, 1);
      const second = await log.append(batchOf('d'));
      assert.deepEqual([second.index, second.term, second.baseOffset], [2, 1, 3]);
      assert(second.appendTime >= first.appendTime);
      assert.deepEqual(log.durable, { index: 2, term: 1, nextOffset: 4, appendTime: second.appendTime });
    },
  },
  {
    name: 'an append stamps the batch in place',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      const batch = batchOf('b');
      const appended = await log.append(batch, { term: 7 });
      const { index, term, baseOffset, appendTime } = readHeader(batch);
      assert.deepEqual({ index, term, baseOffset, nextOffset: baseOffset + 1, appendTime }, appended);
      assert.equal(term, 7);
    },
  },
  {
    name: 'appends that are made at once keep their order, and the tail runs ahead of what is durable',
    run: async (open) => {
      const { log } = await open();
      const names = Array.from({ length: 50 }, (_, at) => `n${at}`);
      const appended = names.map((name) => log.append(batchOf(name)));
      assert.equal(log.tail.index, 50);
      assert.equal(log.durable.index, 0);
      const places = await Promise.all(appended);
      assert.deepEqual(
        places.map(({ index }) => index),
        names.map((_, at) => at + 1),
      );
      assert.deepEqual(log.durable, log.tail);
      assert.deepEqual(await valuesFrom(log), names);
    },
  },
  {
    name: 'a control batch takes an index and no offset',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      const noop = await log.append(encodeControlBatch(batchTypes.noop, Buffer.alloc(0)));
      assert.deepEqual([noop.index, noop.baseOffset], [2, 1]);
      const next = await log.append(batchOf('b'));
      assert.deepEqual([next.index, next.baseOffset], [3, 1]);
      assert.deepEqual(await valuesFrom(log), ['a', 'b']);
    },
  },
  {
    name: 'a term never goes back, and stays what it was unless told',
    run: async (open) => {
      const { log } = await open();
      await log.append(batchOf('a'), { term: 3 });
      assert.equal((await log.append(batchOf('b'))).term, 3);
      await refused(log.append(batchOf('c'), { term: 2 }), 'not-contiguous');
      assert.equal(log.tail.index, 2);
      assert.equal((await log.append(batchOf('d'), { term: 9 })).term, 9);
    },
  },
  {
    name: 'a batch that is damaged, not whole, or stamped already is refused and not in the log',
    run: async (open) => {
      const { log } = await open();
      const damaged = batchOf('damaged');
      damaged[headerBytes + 10]! ^= 1;
      await refused(log.append(damaged), 'invalid-batch');
      await refused(log.append(batchOf('cut').subarray(0, -1)), 'invalid-batch');
      await refused(log.append(Buffer.concat([batchOf('one'), batchOf('two')])), 'invalid-batch');
      await refused(log.append(Buffer.alloc(0)), 'invalid-batch');
      await refused(log.append(stampedAfter(log.tail, batchOf('stamped'))), 'invalid-batch');
      assert.equal(log.tail.index, 0);
      await appendEach(log, 'good');
      assert.deepEqual(await valuesFrom(log), ['good']);
    },
  },
  {
    name: 'stamped batches are appended as they are',
    run: async (open) => {
      const { log } = await open();
      const first = stampedAfter(log.tail, batchOf('a', 'b'), { term: 4, appendTime: 1000 });
      const afterFirst = { index: 1, term: 4, nextOffset: 2, appendTime: 1000 };
      const second = stampedAfter(afterFirst, batchOf('c'), { term: 5, appendTime: 2000 });
      const behind = await log.appendStamped([first, second]);
      assert.deepEqual(behind, { index: 2, term: 5, nextOffset: 3, appendTime: 2000 });
      assert.deepEqual(log.durable, behind);
      const { bytes } = await log.read({ from: 'start' });
      assert(bytes.equals(Buffer.concat([first, second])));
    },
  },
  {
    name: 'a stamped batch that does not follow in index, offset, term or time is refused, and with it all of the call',
    run: async (open) => {
      const { log } = await open();
      await log.appendStamped([stampedAfter(log.tail, batchOf('a'), { term: 4, appendTime: 5000 })]);
      const { tail } = log;
      const misfits = [
        { index: 1 },
        { index: 3 },
        { baseOffset: 0 },
        { baseOffset: 2 },
        { term: 3 },
        { appendTime: 4999 },
      ];
      for (const misfit of misfits) {
        await refused(log.appendStamped([stampedAfter(tail, batchOf('b'), misfit)]), 'not-contiguous');
      }
      const good = stampedAfter(tail, batchOf('b'));
      await refused(log.appendStamped([good, stampedAfter(tail, batchOf('c'))]), 'not-contiguous');
      assert.deepEqual(log.tail, tail);
      await log.appendStamped([good]);
      assert.deepEqual(await valuesFrom(log), ['a', 'b']);
    },
  },
  {
    name: 'a stamped batch that is damaged is refused, and so are two in one buffer, and none',
    run: async (open) => {
      const { log } = await open();
      const damaged = stampedAfter(log.tail, batchOf('a'));
      damaged[headerBytes + 10]! ^= 1;
      await refused(log.appendStamped([damaged]), 'invalid-batch');
      const first = stampedAfter(log.tail, batchOf('a'));
      const second = stampedAfter({ ...log.tail, index: 1, nextOffset: 1 }, batchOf('b'));
      await refused(log.appendStamped([Buffer.concat([first, second])]), 'invalid-batch');
      await refused(log.appendStamped([]), 'invalid-batch');
      assert.equal(log.tail.index, 0);
    },
  },
  {
    name: 'more than may wait is refused at once, and can be appended again later',
    run: async (open) => {
      const { log } = await open({ pendingBytesMax: 3000 });
      const waiting = [log.append(big('a')), log.append(big('b'))];
      const tooMuch = big('c');
      await refused(log.append(tooMuch), 'overloaded');
      await Promise.all(waiting);
      assert.equal((await log.append(tooMuch)).index, 3);
      assert.deepEqual(await valuesFrom(log), ['a', 'b', 'c']);
    },
  },
];
