import type { SeedResult, Traced } from '../../../src/swarm/index.js';
import { isWrong } from './src/rule.js';

export interface ToyResult extends SeedResult {
  readonly coins: number;
}

/** Tosses as many coins as its seed says; nothing happens in seed 0x0. */
export function runSeed(seed: string, { onTrace }: Traced): ToyResult {
  const coins = Number(seed);
  onTrace?.(`{"coins":${coins}}\n`);
  return {
    seed,
    violation: isWrong(coins) ? { invariant: 'coins fall', what: `${coins} did not`, atMs: coins } : null,
    vacuous: coins === 0 ? 'no coin was tossed' : null,
    simulatedMs: 1_000,
    sometimes: { 'a coin stood on its edge': 0, heads: 1 },
    coins,
  };
}
