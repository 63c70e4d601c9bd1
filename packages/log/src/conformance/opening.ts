import assert from 'node:assert/strict';
import { origin } from '../position.js';
import type { ConformanceCase } from './case.js';
import { appendEach, batchOf, refused, valuesFrom } from './script.js';

export const openingCases: readonly ConformanceCase[] = [
  {
    name: 'a new log holds nothing and begins at the origin',
    run: async (open) => {
      const { log } = await open();
      for (const position of [log.start, log.firstOnDisk, log.durable, log.tail]) assert.deepEqual(position, origin);
      assert.deepEqual(log.damage, []);
      assert.deepEqual(log.checkpoints, []);
      assert.equal(log.fencedBy, undefined);
      assert.equal(log.segments.length, 1);
      assert.deepEqual(await valuesFrom(log), []);
    },
  },
  {
    name: 'a log that was closed holds the same when it is opened again',
    run: async (open) => {
      const { log, reopen } = await open();
      await appendEach(log, 'a', 'b', 'c');
      const { durable } = log;
      await log.close();
      const again = await reopen();
      assert.deepEqual(again.tail, durable);
      assert.deepEqual(again.durable, durable);
      assert.deepEqual(await valuesFrom(again), ['a', 'b', 'c']);
      await again.close();
    },
  },
  {
    name: 'closing makes durable what waits',
    run: async (open) => {
      const { log, reopen } = await open();
      const appended = [log.append(batchOf('a')), log.append(batchOf('b'))];
      // An append begins at once; its turn in the queue is taken before `close` is called.
      await Promise.all([...appended, log.close()]);
      const again = await reopen();
      assert.deepEqual(await valuesFrom(again), ['a', 'b']);
      await again.close();
    },
  },
  {
    name: 'a closed log refuses everything, and closing it again does nothing',
    run: async (open) => {
      const { log } = await open();
      await appendEach(log, 'a');
      await log.close();
      await log.close();
      await log[Symbol.asyncDispose]();
      const calls: readonly (() => Promise<unknown>)[] = [
        () => log.append(batchOf('b')),
        () => log.appendStamped([batchOf('b')]),
        () => log.read({ from: 'start' }),
        () => log.slices({ from: 'start' }).next(),
        () => log.records({ from: 'start' }).next(),
        () => log.reached(1),
        () => log.termAt(1),
        () => log.positionAt(1),
        () => log.truncateAfter(0),
        () => log.trimBefore(1),
        () => log.reset(origin),
        () => log.saveHardState(log.hardState),
        () => log.readCheckpoint({ index: 1, term: 1 }),
        () => log.mend(1, async function* () {}),
      ];
      for (const call of calls) await refused(call(), 'closed');
    },
  },
  {
    name: 'closing sends away whoever waits for more',
    run: async (open) => {
      const { log } = await open();
      const waiting = refused(log.reached(1), 'closed');
      const following = refused(log.slices({ from: 'end', follow: true }).next(), 'closed');
      await log.close();
      await Promise.all([waiting, following]);
    },
  },
];
