/**
 * The scenarios, the swarm and the planted bugs of Raft:
 *
 *     pnpm sim raft [--seeds N | --seed 0x… [--trace FILE] [--timeline FILE]] [--mutant NAME] [--cores N] [--json]
 *     pnpm sim raft mutants [--only NAME] [--cores N] [--json]
 *     pnpm raft:scenarios [--json]
 *
 * With --json the last line of standard output is the report. Exits 1 when something did not hold, 2 on a wrong flag.
 */
import { runSimulation } from '@commitlog/simulation/main';
import { timelinePage } from '@commitlog/timeline';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import type { Mutant } from './mutants/mutant.js';
import { mutants } from './mutants/mutants.js';
import type { RunResult } from './run.js';
import { problemOf, scenarios } from './scenarios/table.js';
import { RaftSummary } from './summary.js';

const usage = `usage: pnpm sim raft [--seeds N | --seed 0x… [--trace FILE] [--timeline FILE]] [--mutant NAME] [--cores N] [--json]
       pnpm sim raft mutants [--only NAME] [--cores N] [--json]
       pnpm raft:scenarios [--json]`;

await runSimulation(
  {
    name: 'raft',
    usage,
    isTraced: true,
    timelineOf: ({ title, trace }) => timelinePage({ title, events: trace }),
    mutants,
    seedsForMutants: 1000,
    workerOf: (mutant: Mutant | undefined) => ({
      entry: mutant?.isDriven
        ? new URL('./driver/worker/main.ts', import.meta.url)
        : new URL('./worker/main.ts', import.meta.url),
      sources: new URL('../src/', import.meta.url),
    }),
    newSummary: () => new RaftSummary(),
    about: ({ commits }: RunResult) => `${commits} commits`,
    modes: { scenarios: allScenarios },
  },
  { integerFlag, commitSeed },
);

function allScenarios({ isJson }: { readonly isJson: boolean }): boolean {
  const startedMs = performance.now();
  const results = scenarios.map((scenario) => ({ ...scenario, problem: problemOf(scenario) }));
  const failed = results.filter(({ problem }) => problem !== null);
  for (const { name, problem } of failed) console.error(`${name}: ${problem}`);
  if (isJson) {
    const table = results.map(({ name, source, problem }) => ({ name, source, passed: problem === null }));
    console.log(JSON.stringify({ scenarios: table }));
  } else {
    for (const { name, source, problem } of results) {
      console.log(`${problem === null ? 'ok  ' : 'FAIL'} ${name.padEnd(44)} ${source}`);
    }
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`${results.length - failed.length} of ${results.length} scenarios passed in ${seconds} s`);
  }
  return failed.length === 0;
}
