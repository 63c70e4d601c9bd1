/**
 * Does to a cluster of real processes what happens to clusters, under load, and judges what its clients have seen.
 *
 *     pnpm cluster:faults [NAME…] [--cycles N] [--records N] [--json] [--keep]
 *
 * With --json the last line of standard output is `{ "scenarios": [{ "name", "cycles", "acknowledged", "lost", "duplicated", "passed",
 * "recoveryMs": { "p50", "p99", "max" } }…] }`. The exit status is 0 if all passed. The history of one that did not stays, for `pnpm cluster:judge`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ProcessCluster } from './cluster.js';
import { judge } from './judge.js';
import { Load } from './load.js';
import { type Scenario, scenarios } from './scenarios.js';

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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cycles: { type: 'string' },
    records: { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`expected names of ${scenarios.map(({ name }) => name).join(', ')}, got ${unknown.join(', ')}`);
  process.exit(2);
}
const wanted = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const outcomes: Outcome[] = [];
for (const scenario of wanted) {
  const outcome = await runScenario(scenario);
  outcomes.push(outcome);
  console.log(sentenceOf(outcome));
}
if (values.json) console.log(JSON.stringify({ scenarios: outcomes }));
process.exit(outcomes.every(({ passed }) => passed) ? 0 : 1);

async function runScenario(scenario: Scenario): Promise<Outcome> {
  const cycles = values.cycles === undefined ? scenario.cycles : Number(values.cycles);
  const recordsMin = Number(values.records);
  const dir = await mkdtemp(join(tmpdir(), `commitlog-${scenario.name}-`));
  const cluster = await ProcessCluster.create(dir, ['n1', 'n2', 'n3'], { flags, program: ['dist/main.js'] });
  const recoveries: number[] = [];
  try {
    await cluster.start(...cluster.nodes);
    await cluster.leader(3);
    const load = await Load.start(cluster, { writers, recordsPerBatch });
    const disturb = async (change: () => Promise<void>): Promise<void> => {
      const beganMs = performance.now();
      await change();
      await load.acknowledge(recordsBetween);
      recoveries.push(load.longestPauseMs(beganMs));
    };
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      progress(`${scenario.name}: ${cycle} of ${cycles}, ${load.acknowledged} acknowledged`);
      await load.acknowledge(recordsBetween);
      await scenario.cycle({ cluster, load, disturb });
    }
    if (load.acknowledged < recordsMin) await load.acknowledge(recordsMin - load.acknowledged, 300_000);
    await load.stop();
    await load.collect();
    progress('');
    const { acknowledged, lost, duplicated, passed, problems } = judge(load.history);
    const history = join(dir, 'history.ndjson');
    if (!passed || values.keep) {
      await writeFile(history, load.history.map((event) => `${JSON.stringify(event)}\n`).join(''));
      console.log(`${history}\n${problems.join('\n')}`);
    } else await rm(dir, { recursive: true, force: true });
    return { name: scenario.name, cycles, acknowledged, lost, duplicated, passed, recoveryMs: quantiles(recoveries) };
  } finally {
    await cluster.stop();
  }
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
