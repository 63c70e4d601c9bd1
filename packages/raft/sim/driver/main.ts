/**
 * The swarm of driven members: the real `RaftHost`, `RaftGroup` and all that is between, in virtual time.
 *
 *     pnpm sim raft-driver [--seeds N | --seed 0x… [--trace FILE]] [--cores N] [--json]
 *
 * With --json the last line of standard output is the report. Exits 1 when something did not hold, 2 on a wrong flag. The bugs planted in
 * the driver are hunted with Raft's.
 */
import { runSimulation } from '@commitlog/simulation/main';
import { integerFlag } from '../../../../scripts/flags.mjs';
import { commitSeed } from '../../../../scripts/seed.mjs';
import type { RunResult } from '../run.js';
import { DriverSummary } from './summary.js';

await runSimulation(
  {
    name: 'raft-driver',
    usage: 'usage: pnpm sim raft-driver [--seeds N | --seed 0x… [--trace FILE]] [--cores N] [--json]',
    isTraced: true,
    mutants: [],
    seedsForMutants: 0,
    workerOf: () => ({
      entry: new URL('./worker/main.ts', import.meta.url),
      sources: new URL('../../src/', import.meta.url),
    }),
    newSummary: () => new DriverSummary(),
    about: ({ commits }: RunResult) => `${commits} commits`,
  },
  { integerFlag, commitSeed },
);
