import assert from 'node:assert/strict';
import type { ConformanceCase } from './case.js';
import { batchOf, big, refused, smallSegmentBytes } from './script.js';

export const lookingUpCases: readonly ConformanceCase[] = [
  {
    name: 'termAt and positionAt answer for every index that is on disk, and refuse all others',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      const terms = [1, 1, 2, 2, 2, 5, 5, 6, 9, 9];
      const positions = [log.tail];
      for (const term of terms) {
        await log.append(big('x'), { term });
        positions.push(log.durable);
      }
      for (const [index, position] of positions.entries()) {
        assert.equal(await log.termAt(index), position.term);
        assert.deepEqual(await log.positionAt(index), position);
      }
      for (const index of [-1, terms.length + 1, 0.5, Number.NaN]) {
        await refused(log.termAt(index), 'out-of-range');
        await refused(log.positionAt(index), 'out-of-range');
      }
    },
  },
  {
    name: 'segments lie end to end from the first batch on disk to the last durable one',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes });
      for (let count = 0; count < 9; count += 1) await log.append(big('x'));
      let behind = log.firstOnDisk;
      for (const { base, end } of log.segments) {
        assert.deepEqual(base, behind);
        behind = end;
      }
      assert.deepEqual(behind, log.durable);
      assert.equal(new Set(log.segments.map(({ id }) => id)).size, log.segments.length);
    },
  },
  {
    name: 'reached resolves once the batch is durable, for whoever asked before and for whoever asks after',
    run: async (open) => {
      const { log } = await open();
      const before = log.reached(2).then(() => assert(log.durable.index >= 2));
      await log.append(batchOf('a'));
      await log.append(batchOf('b'));
      await before;
      await log.reached(2);
      await log.reached(0);
    },
  },
  {
    name: 'reached fails with the reason of its signal',
    run: async (open) => {
      const { log } = await open();
      const abort = new AbortController();
      const waiting = log.reached(1, abort.signal);
      const reason = new Error('no longer interested');
      abort.abort(reason);
      await assert.rejects(waiting, reason);
      await assert.rejects(log.reached(1, abort.signal), reason);
      // Whoever else waits is not concerned.
      await Promise.all([log.reached(1), log.append(batchOf('a'))]);
    },
  },
];
