/**
 * How many decisions a second, with a policy of 100 rules: those that are remembered, and those that Casbin must make.
 *
 *     pnpm --filter @commitlog/auth bench [--rounds N] [--round-ms N] [--json]
 *
 * With --json the last line of standard output is `{ "checksPerSecond", "uncachedChecksPerSecond" }`, medians of rounds.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nodeClock as clock } from '@commitlog/runtime/node';
import { SimulatedDisk } from '@commitlog/simulation';
import { integerFlag } from '../../../scripts/flags.mjs';
import { type AccessControl, defaultModelPath, openAccessControl, type Principal } from '../src/index.js';

interface Request {
  readonly principal: Principal;
  readonly log: string;
}

const usage = 'usage: bench [--rounds N] [--round-ms N] [--json]';
const rules = 100;
const logsOfEach = 10;
const flags = readFlags();

const acl = await openPolicy();
const requests = requestsFor('log');
const remembered: number[] = [];
const made: number[] = [];
for (let round = 0; round < flags.rounds; round += 1) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[Kround ${round + 1} of ${flags.rounds}`);
  remembered.push(checksPerSecond(() => requests));
  made.push(checksPerSecond((time) => requestsFor(`log-${round}-${time}`)));
}
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
report(median(remembered), median(made));

/** Every rule gives one client one prefix. */
async function openPolicy(): Promise<AccessControl> {
  const disk = new SimulatedDisk();
  const policy = Array.from({ length: rules }, (_, at) => `p, client-${at}, team-${at}-*, produce, allow\n`);
  disk.place('/model.conf', readFileSync(defaultModelPath));
  disk.place('/policy.csv', Buffer.from(policy.join('')));
  const settings = { model: '/model.conf', policy: '/policy.csv' };
  return openAccessControl(settings, { files: disk.files, clock, audit: { record: () => {} } });
}

/** A thousand requests that the policy allows: of every client, for ten logs. */
function requestsFor(log: string): readonly Request[] {
  return Array.from({ length: rules * logsOfEach }, (_, at) => ({
    principal: { kind: 'client', subject: `client-${at % rules}` },
    log: `team-${at % rules}-${log}-${Math.floor(at / rules)}`,
  }));
}

/** @param requestsAt which requests to make for the so-manieth time; making them is not measured */
function checksPerSecond(requestsAt: (time: number) => readonly Request[]): number {
  let checks = 0;
  let spentMs = 0;
  for (let time = 0; spentMs < flags.roundMs; time += 1) {
    const batch = requestsAt(time);
    const began = performance.now();
    for (const { principal, log } of batch) {
      if (!acl.isAllowed(principal, 'produce', log)) throw new Error(`${log} was denied`);
    }
    spentMs += performance.now() - began;
    checks += batch.length;
  }
  return Math.round((checks / spentMs) * 1000);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function report(cached: number, uncached: number): void {
  if (flags.isJson) {
    console.log(JSON.stringify({ checksPerSecond: cached, uncachedChecksPerSecond: uncached }));
    return;
  }
  for (const [what, count] of [
    ['remembered', cached],
    ['made by Casbin', uncached],
  ] as const) {
    const each = Math.round(1e9 / count).toLocaleString('en');
    console.log(`${what}: ${count.toLocaleString('en')} checks a second, ${each} ns each, with ${rules} rules`);
  }
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string' },
        'round-ms': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      rounds: integerFlag('--rounds', values.rounds, 1, 1000) ?? 7,
      roundMs: integerFlag('--round-ms', values['round-ms'], 10, 60_000) ?? 300,
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
