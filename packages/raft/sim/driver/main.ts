/**
 * The swarm of driven members: the real `RaftHost`, `RaftGroup` and all that is between, in virtual time.
 *
 *     pnpm sim raft-driver [--seeds N | --seed 0x… [--trace FILE]] [--cores N] [--json]
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
import { bundleWorker } from '@commitlog/simulation/mutants';
import { integerFlag } from '../../../../scripts/flags.mjs';
import { commitSeed } from '../../../../scripts/seed.mjs';
import type { RunResult } from '../run.js';
import { runSwarm } from '../swarm/swarm.js';

const usage = 'usage: pnpm sim raft-driver [--seeds N | --seed 0x… [--trace FILE]] [--cores N] [--json]';

/** Fewer seeds than this may well miss a rare state; with so many, a state that is never reached is a hole in the proof. */
const seedsForAllStates = 300;

const flags = readFlags();
const folder = mkdtempSync(join(tmpdir(), 'raft-driver-sim-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, 'worker.mjs');
const entry = fileURLToPath(new URL('./worker/main.ts', import.meta.url));
const sources = fileURLToPath(new URL('../../src/', import.meta.url));
await bundleWorker({ entry, outfile, sources, patches: [] }, { read: (path) => readFileSync(path, 'utf8') });
const startWorker = (): Worker => new Worker(outfile);
process.exitCode = (await (flags.seed === undefined ? swarm() : replay(flags.seed))) ? 0 : 1;

/** One seed, with its trace. */
async function replay(seed: string): Promise<boolean> {
  const found: [RunResult, string][] = [];
  const onResult = (result: RunResult, trace: string | null): boolean => found.push([result, trace ?? '']) > 0;
  await runSwarm({ seeds: [seed], cores: 1, isTraced: true }, { startWorker, onResult });
  const [result, trace] = found[0]!;
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

async function swarm(): Promise<boolean> {
  const seeds = seedsFrom(commitSeed(), flags.seeds);
  const startedMs = performance.now();
  const sum = { violations: 0, vacuous: 0, commits: 0, simulatedMs: 0, done: 0 };
  const sometimes: { [state: string]: number } = {};
  const onResult = (result: RunResult): boolean => {
    sum.done += 1;
    sum.commits += result.commits;
    sum.simulatedMs += result.simulatedMs;
    for (const [state, count] of Object.entries(result.sometimes)) sometimes[state] = (sometimes[state] ?? 0) + count;
    if (result.violation !== null) sum.violations += 1;
    else if (result.vacuous !== null) sum.vacuous += 1;
    if (result.violation !== null || result.vacuous !== null) console.error(tell(result));
    if (process.stderr.isTTY) {
      process.stderr.write(
        `\r${sum.done}/${seeds.length} seeds, ${sum.violations} violations${sum.done === seeds.length ? '\n' : ''}`,
      );
    }
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
    timesRealTimePerCore: Math.round(sum.simulatedMs / 1000 / wallSeconds / flags.cores),
    sometimes,
  };
  console.log(flags.isJson ? JSON.stringify(report) : report);
  const isProven = seeds.length < seedsForAllStates || unreached.length === 0;
  if (!isProven) console.error(`never reached: ${unreached.join('; ')}`);
  return sum.violations === 0 && sum.vacuous === 0 && isProven;
}

function tell({ seed, violation, vacuous }: RunResult): string {
  const what = violation === null ? `vacuous: ${vacuous}` : `at ${violation.atMs} ms: ${violation.what}`;
  return `seed ${seed} ${what}\n  replay: pnpm sim raft-driver --seed ${seed} --trace trace.ndjson`;
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        trace: { type: 'string' },
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
      trace: values.trace,
      cores: integerFlag('--cores', values.cores, 1, 256) ?? availableParallelism(),
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
