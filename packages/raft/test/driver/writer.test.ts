import { describe, expect, test } from 'vitest';
import { NoSpaceError } from '../../src/index.js';
import { One, outcomeOf } from './one.js';
import { text } from './rig.js';

describe('given a storage that breaks its contract when it is full', () => {
  // Each of these acknowledged an entry that was nowhere.
  test.each([undefined, Number.NaN, -1, 0.5, 99])(
    'when it says that %s operations are on disk, then nothing is acknowledged',
    async (done) => {
      const one = await new One().open();
      one.memory.write = async () => {
        throw new NoSpaceError(done as number);
      };
      expect(await outcomeOf(one.group.propose(text('x')))).toMatchObject({ kind: 'unknown' });
      expect(one.failures).toHaveLength(1);
    },
  );

  test('when a cut does not fit either, then the member fails instead of trying for ever', async () => {
    const one = await new One().open();
    let writes = 0;
    one.memory.write = async () => {
      writes += 1;
      throw new NoSpaceError(0);
    };
    void one.group.propose(text('x'));
    await one.pass(100);
    expect(writes).toBeLessThan(5);
    expect(one.failures).toMatchObject([{ code: 'ERR_RAFT_STORAGE' }]);
  });

  test('when asking it for room throws, then the member fails, and no timer does', async () => {
    const one = await new One().open();
    one.memory.isFull = true;
    const cause = new Error('statfs failed');
    one.memory.hasSpace = () => {
      throw cause;
    };
    void one.group.propose(text('x'));
    await one.pass(1500);
    expect(one.failures).toEqual([cause]);
  });
});
