/**
 * Simulated clusters, one per seed, and how often healthy members are taken for failed with Lifeguard and without:
 *
 *     pnpm sim membership [--seeds N | --seed 0x…] [--mutant NAME] [--cores N] [--json]
 *     pnpm sim membership mutants [--only NAME] [--cores N] [--json]
 *
 * With --json the last line of standard output is `{ "seeds", "violations", "wallSeconds", "detectMs", "falsePositives", … }`, or
 * `{ "mutants": [{ "name", "caught", "seeds", "by" }] }`. Exits 1 when something did not hold, 2 on a wrong flag.
 */
import { runSimulation } from '@commitlog/simulation/main';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import type { SlowInit } from './false-positives.js';
import { mutants } from './mutants/mutants.js';
import type { RunResult } from './run.js';
import { MembershipSummary } from './summary.js';

const usage = `usage: pnpm sim membership [--seeds N | --seed 0x…] [--mutant NAME] [--cores N] [--json]
       pnpm sim membership mutants [--only NAME] [--cores N] [--json]`;

/** Of so many of the seeds, the false positives are counted too: the same ones with Lifeguard and without. */
const seedsForFalsePositives = 4;

await runSimulation(
  {
    name: 'membership',
    usage,
    isTraced: false,
    mutants,
    seedsForMutants: 300,
    workerOf: () => ({
      entry: new URL('./worker/main.ts', import.meta.url),
      sources: new URL('../src/', import.meta.url),
    }),
    newSummary: () => new MembershipSummary(),
    about: ({ nodes }: RunResult) => `${nodes} members`,
    besides: countsOf,
  },
  { integerFlag, commitSeed },
);

/** The longest jobs, so that no core is left with one of them at the end. */
function countsOf(seeds: readonly string[]): SlowInit[] {
  return seeds
    .slice(0, seedsForFalsePositives)
    .flatMap((seed) => [true, false].map((isLifeguardOn): SlowInit => ({ seed, isLifeguardOn })));
}
