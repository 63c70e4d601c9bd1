/**
 * How long it takes until members know of each other what they should, on this machine, in processes of their own: five sealed members on the LAN
 * profile; then 3 and 30, ours and, where it is installed, swim-js with the settings of its README, one member overloaded.
 *
 *     npm install --prefix packages/membership/compare/swim      # once, for the comparison
 *     pnpm --filter @commitlog/membership bench [--rounds N] [--json]
 *
 * With --json the last line of standard output is `{ "ours": { "joinMs", "killNoticedP99Ms", "leaveKnownMs", "beside" }, "swim": { "beside" } | null }`.
 * The first three are the worst of all rounds and observers, but for the 99th percentile. Exits 1 when something was not noticed at all.
 */
import { parseArgs } from 'node:util';
import { integerFlag } from '../../../scripts/flags.mjs';
import { BenchCluster, pause } from './cluster.js';
import { type Library, nowMs } from './protocol.js';
import { isSwimInstalled } from './swim-member.js';

const usage = 'usage: bench [--rounds N] [--json]';
const withinMs = 60_000;
const overloadMs = 20_000;
let nextPort = 21_000 + (process.pid % 400) * 20;

/** What was measured of one library with so many members. */
interface Beside {
  readonly members: number;
  /** From the start of the first until everybody knew everybody; null: not within a minute. */
  readonly joinMs: number | null;
  /** Until the last one knew; null: not within a minute. */
  readonly killNoticedMs: number | null;
  /** How often a member that lived was taken for failed by another, while one was overloaded. */
  readonly falsePositives: number;
}

const flags = readFlags();
const five = await fiveMembers(flags.rounds);
const ours = { ...five, beside: await besides('ours') };
const swim = isSwimInstalled() ? { beside: await besides('swim') } : null;
if (swim === null) {
  console.error(
    'swim-js is not installed (npm install --prefix packages/membership/compare/swim): ours is measured alone',
  );
}
console.log(flags.isJson ? JSON.stringify({ ours, swim }) : JSON.stringify({ ours, swim }, undefined, 2));

/** Four stay; a fifth joins and leaves, joins and is killed. */
async function fiveMembers(rounds: number) {
  const cluster = new BenchCluster('ours');
  const joinMs: number[] = [];
  const leaveMs: number[] = [];
  const killMs: number[] = [];
  try {
    const first = nextPort++;
    cluster.start(await cluster.host(), first, undefined);
    for (let at = 1; at < 4; at++) await joinOne(cluster, first);
    for (let round = 1; round <= rounds; round++) {
      showProgress(`five members, round ${round} of ${rounds}`);
      const leaver = await joinOne(cluster, first);
      joinMs.push(leaver.ms);
      let sinceMs = nowMs();
      cluster.leave(leaver.port);
      leaveMs.push(...must(await cluster.seenBy(cluster.ports, 'left', leaver.port, { sinceMs, withinMs }), 'a leave'));
      const victim = await joinOne(cluster, first);
      joinMs.push(victim.ms);
      sinceMs = nowMs();
      cluster.kill(victim.port);
      killMs.push(...must(await cluster.seenBy(cluster.ports, 'failed', victim.port, { sinceMs, withinMs }), 'a kill'));
    }
  } finally {
    cluster.end();
  }
  return {
    joinMs: percentile(joinMs, 1),
    killNoticedP99Ms: percentile(killMs, 0.99),
    leaveKnownMs: percentile(leaveMs, 1),
  };
}

/** Starts a member and waits until it knows all others and they know it. */
async function joinOne(cluster: BenchCluster, first: number): Promise<{ port: number; ms: number }> {
  const others = cluster.ports;
  const port = nextPort++;
  const host = await cluster.host();
  const sinceMs = nowMs();
  cluster.start(host, port, first);
  const known = await cluster.seenBy(others, 'joined', port, { sinceMs, withinMs });
  const knows = await Promise.all(
    others.map((other) => cluster.seenBy([port], 'joined', other, { sinceMs, withinMs })),
  );
  return { port, ms: Math.max(...must(known, 'a join'), ...knows.flatMap((each) => must(each, 'a join'))) };
}

async function besides(library: Library): Promise<Beside[]> {
  return [await beside(library, 3), await beside(library, 30)];
}

/** One member in a process of its own is overloaded, one is killed later; all others share processes. */
async function beside(library: Library, members: number): Promise<Beside> {
  const cluster = new BenchCluster(library);
  try {
    showProgress(`${library}, ${members} members: join`);
    const [victimHost, slowHost, ...hosts] = await Promise.all(
      Array.from({ length: members > 10 ? 4 : 3 }, () => cluster.host()),
    );
    const ports = Array.from({ length: members }, () => nextPort++);
    const [first, victim, slow] = ports as [number, number, number];
    const sinceMs = nowMs();
    for (const [at, port] of ports.entries()) {
      const host = port === victim ? victimHost! : port === slow ? slowHost! : hosts[at % hosts.length]!;
      cluster.start(host, port, port === first ? undefined : first);
      if (port === first) await pause(500);
    }
    const joined = await Promise.all(
      ports.map((port) =>
        cluster.seenBy(
          ports.filter((each) => each !== port),
          'joined',
          port,
          { sinceMs, withinMs },
        ),
      ),
    );
    const isJoined = joined.every((each) => each !== undefined);
    showProgress(`${library}, ${members} members: one is overloaded`);
    const slowMs = nowMs();
    cluster.overload(slow, { busyMs: 1_500, idleMs: 100, forMs: overloadMs });
    await pause(overloadMs + 10_000);
    const falsePositives = cluster.sightings.filter(({ kind, atMs }) => kind === 'failed' && atMs > slowMs).length;
    showProgress(`${library}, ${members} members: one is killed`);
    const killedMs = nowMs();
    cluster.kill(victim);
    const noticed = await cluster.seenBy(cluster.ports, 'failed', victim, { sinceMs: killedMs, withinMs });
    return {
      members,
      joinMs: isJoined ? percentile(joined.flat() as number[], 1) : null,
      killNoticedMs: noticed === undefined ? null : percentile(noticed, 1),
      falsePositives,
    };
  } finally {
    cluster.end();
  }
}

function must<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new Error(`${what} was not known to everybody within ${withinMs} ms`);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.ceil(sorted.length * share) - 1]!);
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: { rounds: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    return { rounds: integerFlag('--rounds', values.rounds, 1, 1_000) ?? 8, isJson: values.json };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
