/**
 * The scenarios, the swarm and the planted bugs of Raft:
 *
 *     pnpm sim raft [--seeds N | --seed 0x… [--trace FILE]] [--mutant NAME] [--cores N] [--json]
 *     pnpm raft:scenarios [--json]
 *     pnpm sim:mutants [--only NAME] [--cores N] [--json]
 *
 * With --json the last line of standard output is the report. Exits 1 when something did not hold, 2 on a wrong flag.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { seedsFrom } from '@commitlog/simulation';
import { bundleWorker, type Hunt, hunt, tellHunt } from '@commitlog/simulation/mutants';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import type { Mutant } from './mutants/mutant.js';
import { mutants } from './mutants/mutants.js';
import type { RunResult } from './run.js';
import { problemOf, scenarios } from './scenarios/table.js';
import { runSwarm, type SwarmWorker } from './swarm/swarm.js';

const usage = `usage: pnpm sim raft [--seeds N | --seed 0x… [--trace FILE]] [--mutant NAME] [--cores N] [--json]
       pnpm raft:scenarios [--json]
       pnpm sim:mutants [--only NAME] [--cores N] [--json]`;

/** Fewer seeds than this may well miss a rare state; with so many, a state that is never reached is a hole in the proof. */
const seedsForAllStates = 300;

/** A planted bug that survives so many is a hole in the proof. */
const seedsForMutants = 1000;

const flags = readFlags();
const folder = mkdtempSync(join(tmpdir(), 'raft-sim-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let bundles = 0;
process.exitCode = (await chosen()) ? 0 : 1;

function chosen(): Promise<boolean> {
  if (flags.what === 'scenarios') return allScenarios();
  if (flags.what === 'mutants') return allMutants();
  return flags.seed === undefined ? swarm() : replay(flags.seed);
}

async function allScenarios(): Promise<boolean> {
  const startedMs = performance.now();
  const results = scenarios.map((scenario) => ({ ...scenario, problem: problemOf(scenario) }));
  const failed = results.filter(({ problem }) => problem !== null);
  for (const { name, problem } of failed) console.error(`${name}: ${problem}`);
  if (flags.isJson) {
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

async function allMutants(): Promise<boolean> {
  const results: Hunt[] = [];
  for (const mutant of mutants) {
    if (flags.only !== undefined && !mutant.name.includes(flags.only)) continue;
    const startWorker = await workersOf(mutant);
    const result = await hunt({ mutant, seedsMax: seedsForMutants }, (seeds, onResult) =>
      runSwarm({ seeds, cores: flags.cores }, { startWorker, onResult }),
    );
    results.push(result);
    if (!flags.isJson) console.log(tellHunt(result, mutant));
    else if (!result.caught) console.error(tellHunt(result, mutant));
  }
  const caught = results.filter((each) => each.caught).length;
  if (flags.isJson) console.log(JSON.stringify({ mutants: results }));
  else console.log(`${caught} of ${results.length} planted bugs caught`);
  return caught === results.length;
}

/** One seed, with its trace; of the core as it is, or with a planted bug. */
async function replay(seed: string): Promise<boolean> {
  const [result, trace] = await traced(seed);
  if (flags.trace !== undefined) writeFileSync(flags.trace, trace);
  if (flags.isJson) console.log(JSON.stringify(result));
  else {
    console.log(
      `seed ${seed}: ${result.commits} commits in ${(result.simulatedMs / 1000).toFixed(1)} simulated seconds`,
    );
    console.log(`trace ${result.traceHash}${flags.trace === undefined ? '' : `, written to ${flags.trace}`}`);
    console.log(result.violation === null ? (result.vacuous ?? 'every invariant held') : tell(result));
  }
  return result.violation === null && result.vacuous === null;
}

async function traced(seed: string): Promise<[RunResult, string]> {
  const found: [RunResult, string][] = [];
  const startWorker = await workersOf(flags.mutant);
  await runSwarm(
    { seeds: [seed], cores: 1, isTraced: true },
    { startWorker, onResult: (result, trace) => found.push([result, trace ?? '']) > 0 },
  );
  return found[0]!;
}

async function swarm(): Promise<boolean> {
  const seeds = seedsFrom(commitSeed(), flags.seeds);
  const startWorker = await workersOf(flags.mutant);
  const startedMs = performance.now();
  const sum = { violations: 0, vacuous: 0, commits: 0, simulatedMs: 0, events: 0, done: 0 };
  const sometimes: { [state: string]: number } = {};
  const onResult = (result: RunResult): boolean => {
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
  };
  await runSwarm({ seeds, cores: flags.cores }, { startWorker, onResult });
  const wallSeconds = (performance.now() - startedMs) / 1000;
  const unreached = Object.keys(sometimes).filter((state) => sometimes[state] === 0);
  const report = {
    seeds: seeds.length,
    violations: sum.violations,
    vacuous: sum.vacuous,
    commits: sum.commits,
    simulatedHours: sum.simulatedMs / 3_600_000,
    wallSeconds,
    cores: flags.cores,
    eventsPerSecond: Math.round(sum.events / wallSeconds),
    timesRealTimePerCore: Math.round(sum.simulatedMs / 1000 / wallSeconds / flags.cores),
    commitsPerSimulatedSecond: Math.round(sum.commits / (sum.simulatedMs / 1000)),
    sometimes,
  };
  if (flags.isJson) console.log(JSON.stringify(report));
  else console.log(report);
  const isProven = seeds.length < seedsForAllStates || unreached.length === 0;
  if (!isProven) console.error(`never reached: ${unreached.join('; ')}`);
  return sum.violations === 0 && sum.vacuous === 0 && isProven;
}

/** Builds the worker, with the bug planted, and starts any number of it. */
async function workersOf({ patches, isDriven = false }: Pick<Mutant, 'patches' | 'isDriven'> = { patches: [] }) {
  bundles += 1;
  const outfile = join(folder, `worker-${bundles}.mjs`);
  const main = isDriven
    ? new URL('./driver/worker/main.ts', import.meta.url)
    : new URL('./worker/main.ts', import.meta.url);
  const entry = fileURLToPath(main);
  const sources = fileURLToPath(new URL('../src/', import.meta.url));
  await bundleWorker({ entry, outfile, sources, patches }, { read: (path) => readFileSync(path, 'utf8') });
  return (): SwarmWorker => new Worker(outfile);
}

function tell(result: RunResult): string {
  const what = result.violation === null ? `vacuous: ${result.vacuous}` : result.violation.what;
  const atMs = result.violation === null ? '' : ` at ${result.violation.atMs.toFixed(1)} ms`;
  const mutant = flags.mutant === undefined ? '' : ` --mutant ${flags.mutant.name}`;
  return `seed ${result.seed}${atMs}: ${what}\n  replay: pnpm sim raft --seed ${result.seed}${mutant} --trace trace.ndjson`;
}

function showProgress(done: number, all: number, violations: number): void {
  if (!process.stderr.isTTY) return;
  const width = 40;
  const filled = Math.round((done / all) * width);
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
  process.stderr.write(`\r${bar} ${done}/${all} seeds, ${violations} violations${done === all ? '\n' : ''}`);
}

/** The planted bug that was asked for, if one was. */
function mutantOf(name: string | undefined): Mutant | undefined {
  const mutant = mutants.find((each) => each.name === name);
  if (name !== undefined && mutant === undefined) {
    throw new Error(`there is no mutant "${name}"; there are: ${mutants.map((each) => each.name).join(', ')}`);
  }
  return mutant;
}

function readFlags() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        trace: { type: 'string' },
        mutant: { type: 'string' },
        only: { type: 'string' },
        cores: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const [what, ...more] = positionals;
    if (more.length > 0 || (what !== undefined && what !== 'scenarios' && what !== 'mutants')) {
      throw new Error(`"${positionals.join(' ')}" is neither scenarios nor mutants`);
    }
    return {
      what,
      seeds: integerFlag('--seeds', values.seeds, 1, 10_000_000) ?? 100,
      seed: values.seed,
      trace: values.trace,
      mutant: mutantOf(values.mutant),
      only: values.only,
      cores: integerFlag('--cores', values.cores, 1, 256) ?? availableParallelism(),
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
