/**
 * What a server of ours must withstand: every kind of bad input that concerns TLS, identities, the access-control list and messages,
 * sent over real sockets to a real server in a process of its own. After each case the next good call must work, on an old
 * connection and on a new one, the process must be alive, and its memory where it was.
 *
 *     pnpm --filter @commitlog/auth test:hostile [--only TEXT] [--json]
 *
 * With --json the last line of standard output is `{ "cases": [{ "name", "passed" }…], "skipped": [{ "name", "reason" }…], "seconds" }`.
 * A case that needs a program which is not installed says so, and is no case that passed.
 */
import { parseArgs } from 'node:util';
import type { Case } from './case.js';
import { accessCases } from './cases/access.js';
import { fileCases } from './cases/files.js';
import { handshakeCases } from './cases/handshake.js';
import { identityCases } from './cases/identity.js';
import { messageCases } from './cases/messages.js';
import { oneFlightCases } from './cases/one-flight.js';
import { reflectionCases } from './cases/reflection.js';
import { streamCases } from './cases/streams.js';
import { Ground } from './ground.js';

/** How much more than at the start the server may hold when a case is over. */
const heldMbMax = 24;
/**
 * How much a case may make it take besides: a hundred messages at their limit of 2 MiB, all at once, and as much again of what was let go
 * and not yet collected. A hundred of which nobody minds the limit take twice that. Objects have a bound of their own (the server's heap).
 */
const peakMbMax = 512;

interface Outcome {
  readonly name: string;
  readonly passed: boolean;
}

interface Skipped {
  readonly name: string;
  readonly reason: string;
}

const flags = readFlags();
const began = performance.now();
const all = [
  ...handshakeCases,
  ...oneFlightCases,
  ...identityCases,
  ...accessCases,
  ...fileCases,
  ...messageCases,
  ...streamCases,
  ...reflectionCases,
].filter(({ name }) => name.includes(flags.only));
const outcomes: Outcome[] = [];
const skipped: Skipped[] = [];
await runAll(all);
const passed = outcomes.filter((outcome) => outcome.passed).length;
const seconds = Math.round((performance.now() - began) / 1000);
if (flags.isJson) console.log(JSON.stringify({ cases: outcomes, skipped, seconds }));
else console.log(`${passed} passed, ${outcomes.length - passed} failed, ${skipped.length} skipped, in ${seconds} s`);
process.exitCode = passed === outcomes.length && passed > 0 ? 0 : 1;

async function runAll(cases: readonly Case[]): Promise<void> {
  const ground = await Ground.make();
  try {
    const base = await settle(ground);
    for (const [at, { name, run }] of cases.entries()) {
      show(`${at + 1} of ${cases.length}: ${name}`);
      await judge(name, async () => {
        const { rssMb } = await ground.report();
        const reason = await run(ground);
        await requireUnharmed(ground, { heldMb: base.heldMb, rssMb });
        return reason;
      });
    }
  } finally {
    await ground.remove();
  }
}

async function judge(name: string, attempt: () => Promise<string | undefined>): Promise<void> {
  try {
    const reason = await attempt();
    if (reason === undefined) {
      say(`passed   ${name}`);
      outcomes.push({ name, passed: true });
    } else {
      say(`SKIPPED  ${name}: ${reason}`);
      skipped.push({ name, reason });
    }
  } catch (error) {
    say(`FAILED   ${name}: ${error instanceof Error ? error.stack : error}`);
    outcomes.push({ name, passed: false });
  }
}

/** What the server takes before anything happens, when it has done every kind of good work a few hundred times. */
async function settle(ground: Ground): Promise<{ heldMb: number }> {
  for (let time = 0; time < 100; time += 1) await ground.callAsAlice();
  await ground.report();
  return ground.report();
}

async function requireUnharmed(ground: Ground, before: { heldMb: number; rssMb: number }): Promise<void> {
  await ground.callAsAlice();
  const { heldMb, peakMb } = await ground.report();
  if (heldMb > before.heldMb + heldMbMax) {
    throw new Error(`the server holds ${heldMb.toFixed(0)} MB, and held ${before.heldMb.toFixed(0)} MB at the start`);
  }
  if (peakMb > before.rssMb + peakMbMax) {
    throw new Error(`the server took ${peakMb.toFixed(0)} MB, and ${before.rssMb.toFixed(0)} MB before`);
  }
}

function say(line: string): void {
  show('');
  console.log(line);
}

function show(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string', default: '' }, json: { type: 'boolean', default: false } },
    });
    return { only: values.only, isJson: values.json };
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: test:hostile [--only TEXT] [--json]`);
    process.exit(2);
  }
}
