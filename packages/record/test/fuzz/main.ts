/**
 * Reads mutated batches in every way and checks that nothing but a typed error comes of it.
 *
 *     pnpm --filter @commitlog/record test:fuzz [--cases N] [--seed N] [--first N] [--json]
 *
 * The last line of standard output with --json is `{ "cases", "accepted", "refused", "failures" }`. Exits 1 on a failure, 2 on
 * a flag it does not know.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { integerFlag } from '../../../../scripts/flags.mjs';
import { commitSeed } from '../../../../scripts/seed.mjs';
import { type Assignment, casesPerTally, type Failure, type Tally } from './assignment.js';

const usage = 'usage: test:fuzz [--cases N] [--seed N] [--first N] [--json]';
const casesDefault = 100_000;
/** A few hundred cases take some milliseconds: a silence of this length is a loop, on the busiest machine. */
const silenceMs = 20_000;
/** Enough to see a pattern. */
const failuresMax = 10;

interface Flags {
  readonly cases: number;
  readonly seed: number;
  readonly first: number;
  readonly isJson: boolean;
}

const flags = readFlags();
const { accepted, refused, failures } = await fuzz(flags);
for (const failure of failures) {
  console.error(
    `${failure.reason}\nreplay: test:fuzz --seed ${flags.seed} --first ${failure.first} --cases ${failure.cases}\n`,
  );
}
const report = { cases: accepted + refused + failures.length, accepted, refused, failures: failures.length };
console.log(
  flags.isJson
    ? JSON.stringify(report)
    : `seed ${flags.seed}: ${report.cases} cases, ${accepted} accepted, ${refused} refused, ${report.failures} failures`,
);
process.exitCode = failures.length > 0 ? 1 : 0;

function readFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        cases: { type: 'string' },
        seed: { type: 'string' },
        first: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      cases: integerFlag('--cases', values.cases, 1, 0x7fff_ffff) ?? casesDefault,
      seed: integerFlag('--seed', values.seed, 0, 0xffff_ffff) ?? commitSeed(),
      first: integerFlag('--first', values.first, 0, 0x7fff_ffff) ?? 0,
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

/** Runs the cases in a process of its own: only from outside can a loop without end be seen, and a crash survived. */
function fuzz({ seed, first, cases }: Flags): Promise<Tally> {
  const worker = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)));
  const total = { accepted: 0, refused: 0, failures: [] as Failure[] };
  const done = (): number => total.accepted + total.refused + total.failures.length;
  return new Promise((resolve) => {
    let watch: NodeJS.Timeout;
    const finish = (): void => {
      clearTimeout(watch);
      worker.removeAllListeners();
      worker.kill('SIGKILL');
      showProgress('');
      resolve(total);
    };
    const giveUp = (reason: string): void => {
      total.failures.push({ first: first + done(), cases: casesPerTally, reason });
      finish();
    };
    const expectTally = (): NodeJS.Timeout =>
      setTimeout(() => giveUp(`nothing heard for ${silenceMs / 1000} s, an endless loop`), silenceMs);
    worker.on('message', (tally: Tally) => {
      clearTimeout(watch);
      total.accepted += tally.accepted;
      total.refused += tally.refused;
      total.failures.push(...tally.failures);
      showProgress(`${done()} of ${cases} cases`);
      if (done() === cases || total.failures.length >= failuresMax) finish();
      else watch = expectTally();
    });
    worker.on('exit', (code, signal) => giveUp(`the process ended with ${signal ?? `exit code ${code}`}`));
    const assignment: Assignment = { seed, first, cases };
    worker.send(assignment);
    watch = expectTally();
  });
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
