/**
 * Simulated clusters, one per seed, and how often healthy members are taken for failed with Lifeguard and without:
 *
 *     pnpm sim membership [--seeds N | --seed 0x…] [--cores N] [--json]
 *
 * With --json the last line of standard output is `{ "seeds", "violations", "wallSeconds", "detectMs", "falsePositives", … }`. Exits 1 when
 * something did not hold, 2 on a wrong flag.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import type { Job } from './job.js';
import { type RunResult, runSeed } from './run.js';
import { Summary } from './summary.js';
import { runSwarm, type SwarmWorker, seedsFrom } from './swarm.js';

const usage = 'usage: pnpm sim membership [--seeds N | --seed 0x…] [--cores N] [--json]';

/** Of so many of the seeds, the false positives are counted too: the same ones with Lifeguard and without. */
const seedsForFalsePositives = 4;

const flags = readFlags();
const isGood = flags.seed === undefined ? await swarm() : replay(flags.seed);
process.exitCode = isGood ? 0 : 1;

function replay(seed: string): boolean {
  const result = runSeed(seed);
  if (flags.isJson) console.log(JSON.stringify(result));
  else console.log(result.violation === null && result.vacuous === null ? 'every invariant held' : tell(result));
  return result.violation === null && result.vacuous === null;
}

async function swarm(): Promise<boolean> {
  const seeds = seedsFrom(commitSeed(), flags.seeds);
  const runs = seeds.map((seed): Job => ({ kind: 'run', seed }));
  // The longest first, so that no core is left with one of them at the end.
  const jobs: Job[] = [...slowJobs(seeds.slice(0, seedsForFalsePositives)), ...runs];
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

function startWorker(): SwarmWorker {
  const main = fileURLToPath(new URL('./worker/main.ts', import.meta.url));
  const worker = fork(main, { execArgv: ['--conditions=@commitlog/source', '--import', 'tsx'] });
  return Object.assign(worker, { end: () => worker.disconnect() });
}

function tell({ seed, nodes, violation, vacuous }: RunResult): string {
  const what =
    violation === null
      ? `vacuous: ${vacuous}`
      : `"${violation.invariant}" at ${violation.atMs.toFixed(1)} ms: ${violation.what}`;
  return `seed ${seed}, ${nodes} members: ${what}\n  replay: pnpm sim membership --seed ${seed}`;
}

function showProgress(done: number, all: number, violations: number): void {
  if (!process.stderr.isTTY) return;
  const width = 40;
  const filled = Math.round((done / all) * width);
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
  process.stderr.write(`\r${bar} ${done}/${all}, ${violations} violations${done === all ? '\n' : ''}`);
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        cores: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    return {
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
