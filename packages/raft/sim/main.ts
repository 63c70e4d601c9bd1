import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { commitSeed } from '../../../scripts/seed.mjs';
import { type Mutant, mutants } from './mutants/mutants.js';
import { runMutants } from './mutants/run-mutants.js';
import type { RunResult } from './run.js';
import { printScenarios } from './scenarios/table.js';
import { bundleWorker } from './swarm/bundle.js';
import { runSwarm, seedsFrom } from './swarm/swarm.js';

const usage = `usage: pnpm sim raft [--seeds N | --seed 0x… [--trace FILE]] [--mutant NAME] [--cores N] [--json]
       pnpm raft:scenarios [--json]
       pnpm sim:mutants [--json] [--cores N] [--only NAME]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string' },
    trace: { type: 'string' },
    mutant: { type: 'string' },
    only: { type: 'string' },
    cores: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Fewer seeds than this may well miss a rare state; with so many, a state that is never reached is a hole in the proof. */
const seedsForAllStates = 300;

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(usage);
    return true;
  }
  const cores = Number(values.cores);
  if (positionals[0] === 'scenarios') return printScenarios(values.json);
  if (positionals[0] === 'mutants') return runMutants({ cores, isJson: values.json, only: values.only });
  if (values.seed !== undefined) return replay(values.seed, values.trace, chosenMutant());
  return swarm(cores);
}

/** One seed, with its trace; of the core as it is, or with a planted bug. */
async function replay(seed: string, file: string | undefined, mutant: Mutant | undefined): Promise<boolean> {
  const [result, trace] = await traced(seed, mutant);
  if (file !== undefined) writeFileSync(file, trace);
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(
      `seed ${seed}: ${result.commits} commits in ${(result.simulatedMs / 1000).toFixed(1)} simulated seconds`,
    );
    console.log(`trace ${result.traceHash}${file === undefined ? '' : `, written to ${file}`}`);
    console.log(result.violation === null ? (result.vacuous ?? 'every invariant held') : tell(result));
  }
  return result.violation === null && result.vacuous === null;
}

async function traced(seed: string, mutant: Mutant | undefined): Promise<[RunResult, string]> {
  const found: [RunResult, string][] = [];
  const bundle = await bundleWorker(mutant?.patches ?? []);
  await runSwarm(bundle, [seed], 1, (result, trace) => found.push([result, trace ?? '']) > 0, true);
  return found[0]!;
}

/** The planted bug that was asked for, if one was. */
function chosenMutant(): Mutant | undefined {
  const mutant = mutants.find((each) => each.name === values.mutant);
  if (values.mutant !== undefined && mutant === undefined) {
    throw new Error(`there is no mutant "${values.mutant}"; there are: ${mutants.map((each) => each.name).join(', ')}`);
  }
  return mutant;
}

async function swarm(cores: number): Promise<boolean> {
  const mutant = chosenMutant();
  const seeds = seedsFrom(commitSeed(), Number(values.seeds));
  const bundle = await bundleWorker(mutant?.patches ?? []);
  const startedMs = performance.now();
  const sum = { violations: 0, vacuous: 0, commits: 0, simulatedMs: 0, events: 0, done: 0 };
  const sometimes: { [state: string]: number } = {};
  await runSwarm(bundle, seeds, cores, (result) => {
    sum.done += 1;
    sum.commits += result.commits;
    sum.simulatedMs += result.simulatedMs;
    sum.events += result.events;
    for (const [state, count] of Object.entries(result.sometimes)) sometimes[state] = (sometimes[state] ?? 0) + count;
    if (result.violation !== null) sum.violations += 1;
    else if (result.vacuous !== null) sum.vacuous += 1;
    if (result.violation !== null || result.vacuous !== null) console.error(tell(result));
    showProgress(sum.done, seeds.length, sum.violations);
    return true;
  });
  const wallSeconds = (performance.now() - startedMs) / 1000;
  const unreached = Object.keys(sometimes).filter((state) => sometimes[state] === 0);
  const report = {
    seeds: seeds.length,
    violations: sum.violations,
    vacuous: sum.vacuous,
    commits: sum.commits,
    simulatedHours: sum.simulatedMs / 3_600_000,
    wallSeconds,
    cores,
    eventsPerSecond: Math.round(sum.events / wallSeconds),
    timesRealTimePerCore: Math.round(sum.simulatedMs / 1000 / wallSeconds / cores),
    commitsPerSimulatedSecond: Math.round(sum.commits / (sum.simulatedMs / 1000)),
    sometimes,
  };
  if (values.json) console.log(JSON.stringify(report));
  else console.log(report);
  const isProven = seeds.length < seedsForAllStates || unreached.length === 0;
  if (!isProven) console.error(`never reached: ${unreached.join('; ')}`);
  return sum.violations === 0 && sum.vacuous === 0 && isProven;
}

function tell(result: RunResult): string {
  const what = result.violation === null ? `vacuous: ${result.vacuous}` : result.violation.what;
  const atMs = result.violation === null ? '' : ` at ${result.violation.atMs.toFixed(1)} ms`;
  const mutant = values.mutant === undefined ? '' : ` --mutant ${values.mutant}`;
  return `seed ${result.seed}${atMs}: ${what}\n  replay: pnpm sim raft --seed ${result.seed}${mutant} --trace trace.ndjson`;
}

function showProgress(done: number, all: number, violations: number): void {
  if (!process.stderr.isTTY) return;
  const width = 40;
  const filled = Math.round((done / all) * width);
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
  process.stderr.write(`\r${bar} ${done}/${all} seeds, ${violations} violations${done === all ? '\n' : ''}`);
}

main().then(
  (isGood) => {
    process.exitCode = isGood ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
