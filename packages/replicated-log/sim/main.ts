/**
 * Simulated clusters of replicated logs, one per seed: whole members on simulated disks, clients that keep histories, faults of every kind.
 *
 *     pnpm sim log [--seeds N | --seed 0x… [--trace FILE]] [--mutant NAME] [--cores N] [--json]
 *     pnpm sim log mutants [--only NAME] [--cores N] [--json]
 *
 * With --json the last line of standard output is the report, or `{ "mutants": [{ "name", "caught", "seeds", "by" }] }`. Exits 1 when
 * something did not hold, 2 on a wrong flag.
 */
import { runSimulation } from '@commitlog/simulation/main';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import { mutants } from './mutants/mutants.js';
import type { RunResult } from './run.js';
import { LogSummary } from './summary.js';

const usage = `usage: pnpm sim log [--seeds N | --seed 0x… [--trace FILE]] [--mutant NAME] [--cores N] [--json]
       pnpm sim log mutants [--only NAME] [--cores N] [--json]`;

await runSimulation(
  {
    name: 'log',
    usage,
    isTraced: true,
    mutants,
    seedsForMutants: 300,
    workerOf: () => ({
      entry: new URL('./worker/main.ts', import.meta.url),
      // A bug of a member may be one of its log or of its Raft: patches are of files below `packages`.
      sources: new URL('../../', import.meta.url),
    }),
    newSummary: () => new LogSummary(),
    about: ({ acknowledged }: RunResult) => `${acknowledged} batches`,
  },
  { integerFlag, commitSeed },
);
