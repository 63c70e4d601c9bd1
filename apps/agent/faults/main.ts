/**
 * Does to a cluster of real processes what happens to clusters, under load, and judges what its clients have seen.
 *
 *     pnpm cluster:faults [NAME…] [--cycles N] [--records N] [--json] [--keep]
 *
 * What a scenario needs that is not here (root and a file system in a file, on Linux) is said, and the scenario left out: `skipped` names it.
 *
 * With --json the last line of standard output is `{ "scenarios": [{ "name", "cycles", "acknowledged", "lost", "duplicated", "passed",
 * "recoveryMs": { "p50", "p99", "max" } }…], "skipped": [{ "name", "why" }…] }`. The exit status is 0 if one ran, and all that did passed. The history of one that did not stays, for `pnpm cluster:judge`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { integerFlag } from '../../../scripts/flags.mjs';
import { ProcessCluster } from './cluster.js';
import { LoopDisk, LoopDisks } from './disk.js';
import { judge } from './judge.js';
import { Load } from './load.js';
import { Network } from './network.js';
import { scenarios } from './scenarios/index.js';
import type { Scenario } from './stage.js';
import { TraceRecorder } from './trace-recorder.js';

/** Small enough that there are sealed ones. */
const flags = ['--segment-max-bytes', '1 MiB'];
const writers = 8;
const recordsPerBatch = 10;
/** So many records are acknowledged after each disturbance before the next. */
const recordsBetween = 100;

interface Outcome {
  readonly name: string;
  readonly cycles: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly passed: boolean;
  readonly recoveryMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const { values, positionals } = readFlags();
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`expected names of ${scenarios.map(({ name }) => name).join(', ')}, got ${unknown.join(', ')}`);
  process.exit(2);
}
const wanted = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const names = ['n1', 'n2', 'n3'];
const diskMebibytes = 96;
const outcomes: Outcome[] = [];
const skipped: { readonly name: string; readonly why: string }[] = [];

/** What is left behind unless somebody takes it away: processes, mounts. The last that was made goes first. */
const leftovers: (() => Promise<void>)[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void clean().finally(() => process.exit(1)));
}
const noDisks = wanted.some(({ needs }) => needs === 'disks')
  ? await LoopDisk.missing(await mkdtemp(join(tmpdir(), 'commitlog-disk-')))
  : undefined;
for (const scenario of wanted) {
  if (scenario.needs === 'disks' && noDisks !== undefined) {
    skipped.push({ name: scenario.name, why: noDisks });
    console.log(`skipped ${scenario.name}: ${noDisks}`);
    continue;
  }
  const outcome = await runScenario(scenario).catch((error: unknown) => failed(scenario, error));
  outcomes.push(outcome);
  console.log(sentenceOf(outcome));
}
if (values.json) console.log(JSON.stringify({ scenarios: outcomes, skipped }));
process.exit(outcomes.length > 0 && outcomes.every(({ passed }) => passed) ? 0 : 1);

async function runScenario(scenario: Scenario): Promise<Outcome> {
  const dir = await mkdtemp(join(tmpdir(), `commitlog-${scenario.name}-`));
  let recorder: TraceRecorder | undefined;
  try {
    const { cluster, disks, network } = await build(scenario, dir);
    recorder = new TraceRecorder(cluster.nodes);
    await cluster.start(...cluster.nodes);
    await cluster.leader(3);
    const load = await Load.start(cluster, { writers, recordsPerBatch });
    const recoveries: number[] = [];
    const disturb = async (change: () => Promise<void>): Promise<void> => {
      const beganMs = performance.now();
      await change();
      await load.acknowledge(recordsBetween);
      recoveries.push(load.longestPauseMs(beganMs));
    };
    const cycles = values.cycles ?? scenario.cycles;
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      progress(`${scenario.name}: ${cycle} of ${cycles}, ${load.acknowledged} acknowledged`);
      await load.acknowledge(recordsBetween);
      await scenario.cycle({ cluster, load, disturb, ...(disks && { disks }), ...(network && { network }) });
    }
    const recordsMin = values.records;
    if (load.acknowledged < recordsMin) await load.acknowledge(recordsMin - load.acknowledged, 600_000);
    await load.stop();
    await load.collect();
    progress('');
    const { acknowledged, lost, duplicated, passed, problems } = judge(load.history);
    if (!passed) console.log(await recorder.leave(scenario.name, join(dir, 'timeline.html')));
    if (!passed || values.keep) await keep(load, dir, problems);
    else leftovers.unshift(() => rm(dir, { recursive: true, force: true }));
    return { name: scenario.name, cycles, acknowledged, lost, duplicated, passed, recoveryMs: quantiles(recoveries) };
  } catch (error) {
    if (recorder !== undefined) console.log(await recorder.leave(scenario.name, join(dir, 'timeline.html')));
    throw error;
  } finally {
    recorder?.stop();
    await clean();
  }
}

/** It did not come to its end: what the cluster has lost by then, nobody has counted. */
function failed({ name }: Scenario, error: unknown): Outcome {
  progress('');
  console.log(`${name}:`, error);
  const nothing = { cycles: 0, acknowledged: 0, lost: 0, duplicated: 0 };
  return { name, ...nothing, passed: false, recoveryMs: quantiles([]) };
}

/** Three processes that do not run yet, and what else the scenario needs. */
async function build({ needs }: Scenario, dir: string) {
  const disks = needs === 'disks' ? await LoopDisks.make(join(dir, 'disks'), names, diskMebibytes) : undefined;
  if (disks !== undefined) leftovers.push(() => disks.remove());
  const network = needs === 'network' ? new Network((port) => cluster.nameOf(port)) : undefined;
  if (network !== undefined) leftovers.push(() => network.close());
  const cluster = await ProcessCluster.create(dir, names, {
    flags,
    ...(disks && { dataDir: (name: string) => join(disks.of({ name }).path, 'data') }),
    ...(network && { environmentOf: (name: string) => network.environmentOf(name) }),
  });
  leftovers.push(() => cluster.stop());
  // Whoever hangs on a frozen disk cannot be ended.
  if (disks !== undefined) leftovers.push(() => disks.thaw());
  return { cluster, disks, network };
}

async function clean(): Promise<void> {
  for (let undo = leftovers.pop(); undo !== undefined; undo = leftovers.pop()) {
    await undo().catch((error: unknown) => console.error('left behind:', error));
  }
}

async function keep(load: Load, dir: string, problems: readonly string[]): Promise<void> {
  const history = join(dir, 'history.ndjson');
  await writeFile(history, load.history.map((event) => `${JSON.stringify(event)}\n`).join(''));
  console.log([history, ...problems].join('\n'));
}

function quantiles(values: readonly number[]): Outcome['recoveryMs'] {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function sentenceOf({ name, cycles, acknowledged, lost, duplicated, passed, recoveryMs }: Outcome): string {
  const { p50, p99, max } = recoveryMs;
  const counts = `${cycles} cycles, ${acknowledged} acknowledged, ${lost} lost, ${duplicated} duplicated`;
  return `${passed ? 'passed' : 'FAILED'} ${name}: ${counts}; writes paused ${p50} ms (p50), ${p99} ms (p99), ${max} ms (max)`;
}

/** For people, and none to pipes. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function readFlags() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        cycles: { type: 'string' },
        records: { type: 'string' },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
      },
    });
    const cycles = integerFlag('--cycles', values.cycles, 1, 1000);
    const records = integerFlag('--records', values.records, 1, 1e9) ?? 10_000;
    return { values: { ...values, cycles, records }, positionals };
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: pnpm cluster:faults [--cycles N] [--records N] [--json] [--keep] [NAME…]`,
    );
    process.exit(2);
  }
}
