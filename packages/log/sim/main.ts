/**
 * The log's crash tests: a power cut before every operation of the disk in every way it may leave the disk, and every bit of a log
 * flipped.
 *
 *     pnpm --filter @commitlog/log test:crash [--seed N] [--variants N] [--jobs N] [--no-flips] [--pairs] [--json]
 *
 * With --json the last line of standard output is `{ "operations", "faults", "pairs", "states", "bitFlips", "failures" }`. Exits 1 on a
 * failure, 2 on a wrong flag.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Fault, faults } from '@commitlog/simulation';
import { integerFlag } from '../../../scripts/flags.mjs';
import { commitSeed } from '../../../scripts/seed.mjs';
import type { ShardProgress, ShardReport, ShardRequest } from './shard.js';

const usage = 'usage: test:crash [--seed N] [--variants N] [--jobs N] [--no-flips] [--pairs] [--json]';
/** Enough to see a pattern. */
const failuresShown = 10;

const flags = readFlags();
const reports = await Promise.all(
  Array.from({ length: flags.jobs }, (_, shard) => run({ ...flags, shard, of: flags.jobs })),
);
const pairs = merged(reports);
const failures = reports.flatMap(({ crashFailures, flipFailures }) => [
  ...crashFailures.map(
    (failure) =>
      `power cut at "${failure.operation}" (crash point ${failure.number}), ${failure.fault}, ${failure.variant}: ${failure.reason}`,
  ),
  ...flipFailures.map((failure) => `bit ${failure.bit} of ${failure.file} flipped: ${failure.reason}`),
]);
const total = (field: 'states' | 'flips' | 'flipsDetected'): number =>
  reports.reduce((sum, report) => sum + report[field], 0);
const summary = {
  operations: pairs.size,
  faults: faults.length,
  pairs: [...pairs.values()].reduce((sum, byFault) => sum + byFault.size, 0),
  states: total('states'),
  bitFlips: total('flips'),
  failures: failures.length,
};

if (flags.pairs) printPairs();
for (const failure of failures.slice(0, failuresShown)) console.error(`${failure}\n`);
if (failures.length > 0) {
  console.error(
    `${failures.length} failures. Replay: test:crash --seed ${flags.seed} --variants ${flags.variantsMax}${flags.flips ? '' : ' --no-flips'}`,
  );
}
console.log(
  flags.isJson
    ? JSON.stringify(summary)
    : `seed ${flags.seed}: ${summary.states} crash states (${summary.operations} operations of the disk, ${summary.pairs} pairs with the ${summary.faults} faults), ${summary.bitFlips} bits flipped, ${total('flipsDetected')} of them noticed and the others harmless; ${summary.failures} failures`,
);
process.exitCode = failures.length > 0 ? 1 : 0;

/** Lets one process do its share. Its end without a report is a failure of the test itself. */
function run(request: ShardRequest): Promise<ShardReport> {
  const worker = fork(fileURLToPath(new URL('./worker/main.ts', import.meta.url)));
  return new Promise((resolve, reject) => {
    worker.on('message', (message: ShardReport | ShardProgress) => {
      if (message.kind === 'report') resolve(message);
      else if (request.shard === 0) showProgress(message);
    });
    worker.once('exit', (code, signal) =>
      reject(new Error(`the process of share ${request.shard} ended with ${signal ?? code} and without a report`)),
    );
    worker.send(request);
  });
}

function showProgress({ what, done, all }: ShardProgress): void {
  if (!process.stderr.isTTY) return;
  const words = what === 'crashes' ? 'crash points' : 'bits';
  process.stderr.write(`\r\u001b[K${words}: ${done} of ${all}${done + 1 >= all ? '\n' : ''}`);
}

function merged(all: readonly ShardReport[]): Map<string, Map<Fault, number>> {
  const byOperation = new Map<string, Map<Fault, number>>();
  for (const [operation, counts] of all.flatMap((report) => report.pairs)) {
    const byFault = byOperation.get(operation) ?? new Map<Fault, number>();
    for (const [fault, states] of counts) byFault.set(fault, (byFault.get(fault) ?? 0) + states);
    byOperation.set(operation, byFault);
  }
  return byOperation;
}

/** Every pair, and in how many states it was met; a dash where nothing was pending that the fault could take. */
function printPairs(): void {
  console.log(['operation', ...faults].join('\t'));
  for (const operation of [...pairs.keys()].sort()) {
    console.log([operation, ...faults.map((fault) => pairs.get(operation)?.get(fault) ?? '–')].join('\t'));
  }
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string' },
        variants: { type: 'string' },
        jobs: { type: 'string' },
        'no-flips': { type: 'boolean', default: false },
        pairs: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      seed: integerFlag('--seed', values.seed, 0, 0xffff_ffff) ?? commitSeed(),
      variantsMax: integerFlag('--variants', values.variants, 1, 10_000) ?? 12,
      jobs: integerFlag('--jobs', values.jobs, 1, 64) ?? availableParallelism(),
      flips: !values['no-flips'],
      pairs: values.pairs,
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
