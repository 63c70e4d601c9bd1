import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { runSeed } from '../../sim/driver/run.js';

const drain = (): Promise<void> => nextTurn();

describe('the simulated cluster of driven members', () => {
  test('does the same again for the same seed, and something else for another', async () => {
    const hashOf = async (seed: string): Promise<string | null> => {
      return (await runSeed(seed, { drain, onTrace: () => {} })).traceHash;
    };
    const hash = await hashOf('0x1');
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashOf('0x1')).toBe(hash);
    expect(await hashOf('0x2')).not.toBe(hash);
  });

  test('goes the same way whether it is watched or not', async () => {
    const { traceHash: _, ...watched } = await runSeed('0x3', { drain, onTrace: () => {} });
    const { traceHash: __, ...unwatched } = await runSeed('0x3', { drain });
    expect(watched).toEqual(unwatched);
  });

  test.each(['0x4', '0x5', '0x6', '0x7', '0x8', '0x9'])('holds what it promises with the seed %s', async (seed) => {
    expect(await runSeed(seed, { drain })).toMatchObject({ violation: null, vacuous: null });
  });
});
