/**
 * Simulated clusters of replicated logs, one per seed: whole members on simulated disks, clients that keep histories, faults of every kind.
 *
 *     pnpm sim log [--seeds N | --seed 0x… [--trace FILE]] [--mutant NAME] [--cores N] [--json]
 *     pnpm sim log mutants [--only NAME] [--cores N] [--json]
 *
 * With --json the last line of standard output is the report, or `{ "mutants": [{ "name", "caught", "seeds", "by" }] }`. Exits 1 when
 * something did not hold, 2 on a wrong flag.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { seedsFrom } from '@commitlog/simulation';
import {
  bundleWorker,
  type Hunt,
  hunt,
  type Mutant,
  type Patch,
  runSwarm,
  type SwarmWorker,
  tellHunt,
} from '@commitlog/simulation/mutants';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import type { Job, Report } from './job.js';
import { mutants } from './mutants/mutants.js';
import type { RunResult } from './run.js';

const usage = `usage: pnpm sim log [--seeds N | --seed 0x… [--trace FILE]] [--mutant NAME] [--cores N] [--json]
       pnpm sim log mutants [--only NAME] [--cores N] [--json]`;

/** Fewer seeds than this may well miss a rare state; with so many, a state that is never reached is a hole in the proof. */
const seedsForAllStates = 200;

/** A planted bug that survives so many is a hole in the proof. */
const seedsForMutants = 300;

const flags = readFlags();
const folder = mkdtempSync(join(tmpdir(), 'log-sim-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let bundles = 0;
process.exitCode = (await chosen()) ? 0 : 1;

function chosen(): Promise<boolean> {
  if (flags.isMutants) return allMutants();
  return flags.seed === undefined ? swarm() : replay(flags.seed);
}

async function allMutants(): Promise<boolean> {
  const results: Hunt[] = [];
  for (const mutant of mutants) {
    if (flags.only !== undefined && !mutant.name.includes(flags.only)) continue;
    const startWorker = await workersOf(mutant.patches);
    const result = await hunt({ mutant, seedsMax: seedsForMutants }, (seeds, onSeed) =>
      runSwarm(
        { jobs: seeds.map((seed) => ({ seed, isTraced: false })), cores: flags.cores },
        { startWorker, onReport: ({ result }) => onSeed(result) },
      ),
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

/** One seed, with its trace; of the sources as they are, or with a planted bug. */
async function replay(seed: string): Promise<boolean> {
  const reports: Report[] = [];
  const startWorker = await workersOf(flags.mutant?.patches ?? []);
  const onReport = (report: Report): boolean => reports.push(report) > 0;
  await runSwarm({ jobs: [{ seed, isTraced: true }], cores: 1 }, { startWorker, onReport });
  const [{ result, trace }] = reports as [Report];
  if (flags.trace !== undefined) writeFileSync(flags.trace, trace!);
  if (flags.isJson) console.log(JSON.stringify(result));
  else {
    console.log(
      `seed ${seed}: ${result.acknowledged} batches in ${(result.simulatedMs / 1000).toFixed(1)} simulated seconds`,
    );
    console.log(`trace ${result.traceHash}${flags.trace === undefined ? '' : `, written to ${flags.trace}`}`);
    console.log(result.violation === null ? (result.vacuous ?? 'every invariant held') : tell(result));
  }
  return result.violation === null && result.vacuous === null;
}

async function swarm(): Promise<boolean> {
  const seeds = seedsFrom(commitSeed(), flags.seeds);
  const startWorker = await workersOf(flags.mutant?.patches ?? []);
  const startedMs = performance.now();
  const sum = { violations: 0, vacuous: 0, acknowledged: 0, simulatedMs: 0, done: 0 };
  const sometimes: { [state: string]: number } = {};
  const onReport = ({ result }: Report): boolean => {
    sum.done += 1;
    sum.acknowledged += result.acknowledged;
    sum.simulatedMs += result.simulatedMs;
    for (const [state, count] of Object.entries(result.sometimes)) sometimes[state] = (sometimes[state] ?? 0) + count;
    if (result.violation !== null) sum.violations += 1;
    else if (result.vacuous !== null) sum.vacuous += 1;
    if (result.violation !== null || result.vacuous !== null) console.error(tell(result));
    showProgress(sum.done, seeds.length, sum.violations);
    return true;
  };
  const jobs = seeds.map((seed) => ({ seed, isTraced: false }));
  await runSwarm({ jobs, cores: flags.cores }, { startWorker, onReport });
  const unreached = Object.keys(sometimes).filter((state) => sometimes[state] === 0);
  const report = {
    seeds: seeds.length,
    violations: sum.violations,
    vacuous: sum.vacuous,
    acknowledged: sum.acknowledged,
    simulatedHours: sum.simulatedMs / 3_600_000,
    wallSeconds: (performance.now() - startedMs) / 1000,
    cores: flags.cores,
    sometimes,
  };
  console.log(flags.isJson ? JSON.stringify(report) : report);
  const isProven = seeds.length < seedsForAllStates || unreached.length === 0;
  if (!isProven) console.error(`never reached: ${unreached.join('; ')}`);
  return sum.violations === 0 && sum.vacuous === 0 && isProven;
}

/** Builds the worker, with the bug planted, and starts any number of it. */
async function workersOf(patches: readonly Patch[]): Promise<() => SwarmWorker<Job, Report>> {
  bundles += 1;
  const outfile = join(folder, `worker-${bundles}.mjs`);
  const entry = fileURLToPath(new URL('./worker/main.ts', import.meta.url));
  // A bug of a member may be one of its log or of its Raft: patches are of files below `packages`.
  const sources = fileURLToPath(new URL('../../', import.meta.url));
  await bundleWorker({ entry, outfile, sources, patches }, { read: (path) => readFileSync(path, 'utf8') });
  return () => new Worker(outfile);
}

function tell({ seed, violation, vacuous }: RunResult): string {
  const what = violation === null ? `vacuous: ${vacuous}` : `at ${violation.atMs} ms: ${violation.what}`;
  const mutant = flags.mutant === undefined ? '' : ` --mutant ${flags.mutant.name}`;
  return `seed ${seed} ${what}\n  replay: pnpm sim log --seed ${seed}${mutant} --trace trace.ndjson`;
}

function showProgress(done: number, all: number, violations: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${done}/${all} seeds, ${violations} violations${done === all ? '\n' : ''}`);
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
    if (more.length > 0 || (what !== undefined && what !== 'mutants')) {
      throw new Error(`"${positionals.join(' ')}" is not mutants`);
    }
    return {
      isMutants: what === 'mutants',
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
