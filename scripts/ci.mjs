/**
 * Runs every check of the project, one after the other, and goes on after a failure so that one run shows all of them. The
 * last line is `N passed, N failed`: the tests that the test runners counted, and one for each other step.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, workspacePackages } from './workspace.mjs';

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const pnpm = `npx -y ${packageManager} -s`;
const suiteOf = (/** @type {string} */ name) => `${pnpm} --filter ${name} --fail-if-no-match`;

/**
 * How a step is judged. `tests`: by its exit code, and counted by the results that the test runners left behind. `exit`: by its
 * exit code. A function: by its exit code, and by what the function finds in the JSON object on its last line.
 *
 * @typedef {{ name: string, what: string, command: string, judged: 'tests' | 'exit' | Verdict }} Step
 * @typedef {(report: any) => boolean} Verdict
 */

/** @type {Verdict} */
const nothingFailed = ({ failures }) => failures === 0;

/** @type {Verdict} */
const everyScenarioPassed = ({ scenarios }) =>
  scenarios.length > 0 && scenarios.every((/** @type {{ passed: boolean }} */ each) => each.passed);

/**
 * A seed that proves nothing is as bad as one that fails, and so is a rare state that no seed reached.
 *
 * @type {(asked: number) => Verdict}
 */
const everySeedHeld =
  (asked) =>
  ({ seeds, violations, vacuous, sometimes }) =>
    seeds === asked &&
    violations === 0 &&
    vacuous === 0 &&
    Object.keys(sometimes).length > 0 &&
    Object.values(sometimes).every((count) => count > 0);

/**
 * Lifeguard must spare what it is there to spare, and there must be enough to spare.
 *
 * @type {Verdict}
 */
const everyClusterHeld = ({ seeds, violations, vacuous, falsePositives: { lifeguard, plain } }) =>
  seeds === gossipSeeds && violations === 0 && vacuous === 0 && plain >= 500 && lifeguard * 50 <= plain;

/** @type {Verdict} */
const everyCasePassed = ({ cases }) =>
  cases.length >= 25 && cases.every((/** @type {{ passed: boolean }} */ each) => each.passed);

/** @type {Verdict} */
const everyMutantWasCaught = ({ mutants }) =>
  mutants.length > 0 && mutants.every((/** @type {{ caught: boolean }} */ each) => each.caught);

/** So many that every rare state is reached. Which ones, the commit decides. */
const swarmSeeds = 300;
const logSeeds = 200;
const driverSeeds = 600;

const gossipSeeds = 150;

/** Those that no test of the agent does already, that are short, and that need no disks of their own. They run what the build has made. */
const faults = ['pause-leader', 'one-way-partition', 'wipe-disk', 'flip-byte'];

/** @type {Step[]} */
const steps = [
  { name: 'test', what: 'set-up, and the tests of every package', command: 'npm test', judged: 'tests' },
  { name: 'lint', what: 'format, lint, floating promises, purity', command: `${pnpm} lint`, judged: 'exit' },
  { name: 'layers', what: 'imports go down only', command: `${pnpm} layers`, judged: 'exit' },
  { name: 'typecheck', what: 'types, tests and scripts included', command: `${pnpm} typecheck`, judged: 'exit' },
  { name: 'build', what: 'JavaScript and declarations', command: `${pnpm} build`, judged: 'exit' },
  { name: 'packages', what: 'what would be published', command: `${pnpm} check:packages`, judged: 'exit' },
  { name: 'knip', what: 'nothing unused, nothing undeclared', command: `${pnpm} knip`, judged: 'exit' },
  {
    name: 'proto',
    what: '.proto files: format, style, nothing that breaks a client, and generated code up to date',
    command: `${suiteOf('@commitlog/api')} proto:check`,
    judged: 'exit',
  },
  {
    name: 'fuzz',
    what: 'mutated record batches',
    command: `${suiteOf('@commitlog/record')} test:fuzz --json`,
    judged: nothingFailed,
  },
  {
    name: 'crash',
    what: 'every file operation of the log, times every fault of the disk',
    command: `${suiteOf('@commitlog/log')} test:crash --json`,
    judged: nothingFailed,
  },
  {
    name: 'scenarios',
    what: "the named situations of Raft's paper and of other implementations",
    command: `${pnpm} raft:scenarios --json`,
    judged: everyScenarioPassed,
  },
  {
    name: 'swarm',
    what: "simulated Raft clusters, with the commit's seeds",
    command: `${pnpm} sim raft --seeds ${swarmSeeds} --json`,
    judged: everySeedHeld(swarmSeeds),
  },
  {
    name: 'driver',
    what: "Raft's driver on simulated disks, networks and clocks, with the commit's seeds",
    command: `${pnpm} sim raft-driver --seeds ${driverSeeds} --json`,
    judged: everySeedHeld(driverSeeds),
  },
  {
    name: 'logs',
    what: "simulated clusters of replicated logs and their clients, with the commit's seeds",
    command: `${pnpm} sim log --seeds ${logSeeds} --json`,
    judged: everySeedHeld(logSeeds),
  },
  {
    name: 'mutants',
    what: 'bugs planted in Raft, in membership and in the replicated log are caught, with seeds that never change',
    command: `${pnpm} sim:mutants --json`,
    judged: everyMutantWasCaught,
  },
  {
    name: 'gossip',
    what: "simulated clusters of membership, with the commit's seeds, and Lifeguard beside plain SWIM",
    command: `${pnpm} sim membership --seeds ${gossipSeeds} --json`,
    judged: everyClusterHeld,
  },
  {
    name: 'packets',
    what: 'packets and exchanges of membership, mutated, sealed and not',
    command: `${suiteOf('@commitlog/membership')} test:fuzz --json`,
    judged: nothingFailed,
  },
  {
    name: 'hostile',
    what: 'bad certificates, handshakes, calls and messages, against a real server over real sockets',
    command: `${suiteOf('@commitlog/auth')} test:hostile --json`,
    judged: everyCasePassed,
  },
  {
    name: 'faults',
    what: 'three processes whose leader, network or disk fails, under load: nothing acknowledged is lost or doubled',
    command: `node --conditions=@commitlog/source --import tsx apps/agent/faults/main.ts ${faults.join(' ')} --cycles 1 --records 1000 --json`,
    judged: everyScenarioPassed,
  },
  { name: 'demo', what: 'the main job, from the command line', command: 'npm run demo', judged: 'exit' },
];

/** @typedef {{ passed: number, failed: number }} Count */

/** No colours, and nothing that turbo remembers of an earlier run. */
const environment = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, TURBO_FORCE: 'true' };

/** Where each suite leaves what it counted. */
function suites() {
  const packages = workspacePackages().filter(({ scripts }) => 'test' in scripts);
  const folders = [...packages.map(({ folder }) => folder), 'scripts'];
  return folders.map((folder) => ({ folder, results: join(root, folder, '.results/vitest.json') }));
}

/** What vitest counted in one suite. A file that could not be loaded has no tests: it counts as a failed one. */
function countOf(/** @type {{ folder: string, results: string }} */ { folder, results }) {
  if (!existsSync(results)) {
    console.log(`${folder}: the tests left no result`);
    return { passed: 0, failed: 1 };
  }
  const { numTotalTests, numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(results, 'utf8'));
  if (numTotalTests === 0 && testResults.length === 0) {
    console.log(`${folder}: there are no tests`);
    return { passed: 0, failed: 1 };
  }
  const unloadable = testResults.filter(
    (/** @type {{ status: string, assertionResults: object[] }} */ file) =>
      file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + unloadable.length };
}

/** @type {(counts: Count[]) => Count} */
function sum(counts) {
  const total = { passed: 0, failed: 0 };
  for (const { passed, failed } of counts) {
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}

/** @type {(verdict: Verdict, output: string) => boolean} */
function reportsSuccess(verdict, output) {
  try {
    return verdict(JSON.parse(output.trimEnd().split('\n').at(-1) ?? ''));
  } catch {
    console.log('the last line is not the JSON object that was expected');
    return false;
  }
}

/** @type {(step: Step, exitCode: number | null, output: string) => Count} */
function judge(step, exitCode, output) {
  if (step.judged === 'tests') {
    const count = sum(suites().map(countOf));
    const isUnexplained = exitCode !== 0 && count.failed === 0;
    return isUnexplained ? { ...count, failed: 1 } : count;
  }
  const isGood = exitCode === 0 && (step.judged === 'exit' || reportsSuccess(step.judged, output));
  return isGood ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** @type {(command: string) => Promise<{ exitCode: number | null, output: string }>} */
function run(command) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { cwd: root, env: environment, shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (/** @type {Buffer} */ chunk) => {
      process.stdout.write(chunk);
      // The report is one line: what came long before it is not kept.
      output = (output + chunk).slice(-65_536);
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
}

const seconds = (/** @type {number} */ since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

for (const { results } of suites()) rmSync(results, { force: true });
const started = performance.now();
const summary = [];
const counts = [];
for (const step of steps) {
  console.log(`\n=== ${step.name}: ${step.what}\n$ ${step.command}`);
  const stepStarted = performance.now();
  const { exitCode, output } = await run(step.command);
  const count = judge(step, exitCode, output);
  const line = `${count.failed === 0 ? 'ok    ' : 'FAILED'} ${step.name.padEnd(10)} ${seconds(stepStarted).padStart(8)}  ${count.passed} passed, ${count.failed} failed`;
  console.log(line);
  counts.push(count);
  summary.push(line);
}
const total = sum(counts);
console.log(`\n${summary.join('\n')}\ntotal ${seconds(started)}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
