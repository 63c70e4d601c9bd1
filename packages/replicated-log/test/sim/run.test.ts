import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runSeed } from '../../sim/run.js';

const drain = (): Promise<void> => nextTurn();

test('given the same seed, two runs leave the same trace, byte for byte', async () => {
  const trace = async (seed: string): Promise<string> => {
    const { traceHash, violation } = await runSeed(seed, { drain, onTrace: () => {} });
    expect(violation).toBeNull();
    return traceHash!;
  };
  const first = await trace('0x21');
  expect(await trace('0x21')).toBe(first);
  expect(await trace('0x22')).not.toBe(first);
});
