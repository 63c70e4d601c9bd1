import assert from 'node:assert/strict';
import type { HardState } from '../format/hard-state.js';
import type { LogPosition } from '../position.js';
import type { ConformanceCase } from './case.js';
import { appendBig, batchOf, refused, smallSegmentBytes } from './script.js';

const state: HardState = { term: 4, vote: 'node-b', commitHint: 17, storageId: 'ab'.repeat(16) };

/** What a case derives from the log. */
const derived = ({ index }: LogPosition): Buffer => Buffer.from(`up to ${index}`);

export const rememberingCases: readonly ConformanceCase[] = [
  {
    name: 'a hard state that was saved is there after the log was opened again',
    run: async (open) => {
      const { log, reopen } = await open();
      await log.saveHardState(state);
      assert.deepEqual(log.hardState, state);
      await log.close();
      const again = await reopen();
      assert.deepEqual(again.hardState, state);
      await again.close();
    },
  },
  {
    name: 'of hard states that are saved at once the last one counts',
    run: async (open) => {
      const { log, reopen } = await open();
      await Promise.all([5, 6, 7].map((term) => log.saveHardState({ ...state, term })));
      assert.equal(log.hardState.term, 7);
      await log.close();
      const again = await reopen();
      assert.equal(again.hardState.term, 7);
      await again.close();
    },
  },
  {
    name: 'the term of the hard state is at least that of the log, where nobody has the vote yet',
    run: async (open) => {
      const { log } = await open();
      await log.saveHardState(state);
      await log.append(batchOf('a'), { term: 9 });
      assert.deepEqual(log.hardState, { ...state, term: 9, vote: null });
    },
  },
  {
    name: 'a hard state that cannot be written down is refused, and the one before stands',
    run: async (open) => {
      const { log } = await open();
      await log.saveHardState(state);
      for (const wrong of [{ term: -1 }, { commitHint: 0.5 }, { vote: 'x'.repeat(256) }, { storageId: 'short' }]) {
        await refused(log.saveHardState({ ...state, ...wrong }), 'settings');
      }
      assert.deepEqual(log.hardState, state);
    },
  },
  {
    name: 'a checkpoint is taken where each segment but the first begins, and can be read, after a restart too',
    run: async (open) => {
      const { log, reopen } = await open({ segmentBytes: smallSegmentBytes, checkpoint: derived });
      await appendBig(log, 1, 10);
      const bases = log.segments.slice(1).map(({ base }) => ({ index: base.index, term: base.term }));
      assert(bases.length >= 2);
      assert.deepEqual(log.checkpoints, bases);
      for (const key of bases) assert.equal((await log.readCheckpoint(key))?.toString(), `up to ${key.index}`);
      assert.equal(await log.readCheckpoint({ index: 1, term: 1 }), undefined);
      await log.close();
      const again = await reopen();
      assert.deepEqual(again.checkpoints, bases);
      for (const key of bases) assert.equal((await again.readCheckpoint(key))?.toString(), `up to ${key.index}`);
      await again.close();
    },
  },
  {
    name: 'checkpoints of what was truncated or trimmed are gone',
    run: async (open) => {
      const { log } = await open({ segmentBytes: smallSegmentBytes, checkpoint: derived });
      await appendBig(log, 1, 16);
      const all = log.checkpoints;
      assert(all.length >= 3);
      await log.truncateAfter(all.at(-1)!.index - 1);
      assert.deepEqual(log.checkpoints, all.slice(0, -1));
      await log.trimBefore(all[1]!.index + 1);
      assert.deepEqual(log.checkpoints, all.slice(1, -1));
      assert.equal(await log.readCheckpoint(all[0]!), undefined);
      assert.equal(await log.readCheckpoint(all.at(-1)!), undefined);
    },
  },
  {
    name: 'the state that came with a reset is the only checkpoint then',
    run: async (open) => {
      const { log, reopen } = await open({ segmentBytes: smallSegmentBytes, checkpoint: derived });
      await appendBig(log, 1, 10);
      await log.reset({ index: 50, term: 3, nextOffset: 70, appendTime: 0 }, Buffer.from('snapshot'));
      const key = { index: 50, term: 3 };
      assert.deepEqual(log.checkpoints, [key]);
      await log.close();
      const again = await reopen();
      assert.deepEqual(again.checkpoints, [key]);
      assert.equal((await again.readCheckpoint(key))?.toString(), 'snapshot');
      await again.reset({ index: 60, term: 3, nextOffset: 80, appendTime: 0 });
      assert.deepEqual(again.checkpoints, []);
      await again.close();
    },
  },
];
