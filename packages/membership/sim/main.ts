/**
 * Simulated clusters, one per seed, and how often healthy members are taken for failed with Lifeguard and without:
 *
 *     pnpm sim membership [--seeds N | --seed 0x…] [--mutant NAME] [--cores N] [--json]
 *     pnpm sim membership mutants [--only NAME] [--cores N] [--json]
 *
 * With --json the last line of standard output is `{ "seeds", "violations", "wallSeconds", "detectMs", "falsePositives", … }`, or
 * `{ "mutants": [{ "name", "caught", "seeds", "by" }] }`. Exits 1 when something did not hold, 2 on a wrong flag.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seedsFrom } from '@commitlog/simulation';
import { bundleWorker, type Hunt, hunt, type Mutant, type Patch, tellHunt } from '@commitlog/simulation/mutants';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import type { Job } from './job.js';
import { mutants } from './mutants/mutants.js';
import type { RunResult } from './run.js';
import { Summary } from './summary.js';
import { runSwarm, type SwarmWorker } from './swarm.js';

const usage = `usage: pnpm sim membership [--seeds N | --seed 0x…] [--mutant NAME] [--cores N] [--json]
       pnpm sim membership mutants [--only NAME] [--cores N] [--json]`;

/** Of so many of the seeds, the false positives are counted too: the same ones with Lifeguard and without. */
const seedsForFalsePositives = 4;

/** A planted bug that survives so many is a hole in the proof. */
const seedsForMutants = 300;

const flags = readFlags();
const folder = mkdtempSync(join(tmpdir(), 'membership-sim-'));
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
        { jobs: runsOf(seeds), cores: flags.cores },
        { startWorker, onReport: (report) => report.kind !== 'run' || onSeed(report.result) },
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

/** One seed; of the sources as they are, or with a planted bug. */
async function replay(seed: string): Promise<boolean> {
  const found: RunResult[] = [];
  await runSwarm(
    { jobs: runsOf([seed]), cores: 1 },
    {
      startWorker: await workersOf(flags.mutant?.patches ?? []),
      onReport: (report) => report.kind !== 'run' || found.push(report.result) > 0,
    },
  );
  const result = found[0]!;
  if (flags.isJson) console.log(JSON.stringify(result));
  else console.log(result.violation === null && result.vacuous === null ? 'every invariant held' : tell(result));
  return result.violation === null && result.vacuous === null;
}

async function swarm(): Promise<boolean> {
  const seeds = seedsFrom(commitSeed(), flags.seeds);
  // The longest first, so that no core is left with one of them at the end.
  const jobs: Job[] = [...slowJobs(seeds.slice(0, seedsForFalsePositives)), ...runsOf(seeds)];
  const startWorker = await workersOf(flags.mutant?.patches ?? []);
  const startedMs = performance.now();
  const summary = new Summary();
  let done = 0;
  await runSwarm(
    { jobs, cores: flags.cores },
    {
      startWorker,
      onReport: (report) => {
        summary.add(report);
        done += 1;
        if (report.kind === 'run' && (report.result.violation ?? report.result.vacuous) !== null) {
          console.error(tell(report.result));
        }
        showProgress(done, jobs.length, summary.violations);
        return true;
      },
    },
  );
  const report = summary.report((performance.now() - startedMs) / 1000);
  if (flags.isJson) console.log(JSON.stringify(report));
  else console.log(report);
  for (const complaint of summary.complaints) console.error(complaint);
  return summary.isGood;
}

function slowJobs(seeds: readonly string[]): Job[] {
  return seeds.flatMap((seed) =>
    [true, false].map((isLifeguardOn): Job => ({ kind: 'false-positives', seed, isLifeguardOn })),
  );
}

function runsOf(seeds: readonly string[]): Job[] {
  return seeds.map((seed) => ({ kind: 'run', seed }));
}

/** Builds the worker, with the sources patched, and starts any number of it. */
async function workersOf(patches: readonly Patch[]): Promise<() => SwarmWorker> {
  bundles += 1;
  const outfile = join(folder, `worker-${bundles}.mjs`);
  const entry = fileURLToPath(new URL('./worker/main.ts', import.meta.url));
  const sources = fileURLToPath(new URL('../src/', import.meta.url));
  await bundleWorker({ entry, outfile, sources, patches }, { read: (path) => readFileSync(path, 'utf8') });
  return () => {
    const worker = fork(outfile, { execArgv: [] });
    return Object.assign(worker, { end: () => worker.disconnect() });
  };
}

function tell({ seed, nodes, violation, vacuous }: RunResult): string {
  const what =
    violation === null
      ? `vacuous: ${vacuous}`
      : `"${violation.invariant}" at ${violation.atMs.toFixed(1)} ms: ${violation.what}`;
  const mutant = flags.mutant === undefined ? '' : ` --mutant ${flags.mutant.name}`;
  return `seed ${seed}, ${nodes} members: ${what}\n  replay: pnpm sim membership --seed ${seed}${mutant}`;
}

function showProgress(done: number, all: number, violations: number): void {
  if (!process.stderr.isTTY) return;
  const width = 40;
  const filled = Math.round((done / all) * width);
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
  process.stderr.write(`\r${bar} ${done}/${all}, ${violations} violations${done === all ? '\n' : ''}`);
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
      mutant: mutantOf(values.mutant),
      only: values.only,
      seeds: integerFlag('--seeds', values.seeds, 1, 10_000_000) ?? 100,
      seed: values.seed,
      cores: integerFlag('--cores', values.cores, 1, 256) ?? availableParallelism(),
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
