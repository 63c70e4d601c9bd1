import { createHash } from 'node:crypto';
import type { SeedResult, Traced } from '@commitlog/simulation/swarm';
import { type Configuration, type CoreStatus, decodeConfiguration, InvariantError, isVoter } from '../src/index.js';
import { Clients } from './clients.js';
import { SimCluster } from './cluster.js';
import { empty, Faults } from './faults.js';
import type { SimNode } from './node.js';
import { Operator } from './operator.js';
import { drawPlan, type Plan } from './plan.js';
import { isHeldByQuorum } from './quorums.js';
import { watchReads } from './reads.js';
import { Violation } from './violation.js';
import { watchStates } from './watch.js';
import type { SimTrace } from './world-event.js';
import { tracedCluster } from './world-trace.js';

/** What one seed's run came to. */
export interface RunResult extends SeedResult {
  readonly commits: number;
  readonly events: number;
  /** How often each fault happened. */
  readonly fired: Readonly<Record<string, number>>;
  readonly traceHash: string | null;
}

/** Far more than any run needs: beyond it, messages breed messages. */
const eventsMax = 2_000_000;

/** One run: everything that happens in it is drawn from `seed`. */
export function runSeed(seed: string, options: Traced = {}): RunResult {
  const plan = drawPlan(seed);
  const { onTrace } = options;
  const hash = onTrace === undefined ? null : createHash('sha256');
  const write: SimTrace = (event) => {
    const line = `${JSON.stringify(event)}\n`;
    hash?.update(line);
    onTrace?.(line);
  };
  const traced = hash === null ? null : tracedCluster(plan.cluster, write);
  const cluster = traced?.cluster ?? new SimCluster(plan.cluster);
  watchStates(cluster);
  watchReads(cluster);
  const operator = new Operator(cluster, plan);
  const faults = new Faults(cluster, plan, operator);
  const clients = new Clients(cluster, plan);
  let violation: RunResult['violation'] = null;
  let vacuous: string | null = null;
  try {
    cluster.start();
    clients.start();
    operator.start();
    faults.start();
    const isDone = (): boolean => cluster.events.ran > eventsMax;
    if (cluster.runUntil(isDone, plan.faultsMs))
      throw new Violation('11 bounds', 'members answer each other without end');
    // A disk is wiped only when no other is damaged and no change is under way: give it its moment.
    operator.isChanging = false;
    cluster.runUntil(() => faults.missing === null, plan.faultsMs * 2);
    vacuous = whyVacuous(cluster, plan, faults);
    faults.isStopped = true;
    operator.isStopped = true;
    checkLiveness(cluster, plan, clients);
  } catch (error) {
    violation = violationOf(error, cluster.nowMs);
    traced?.world.violated(violation.invariant, violation.what);
  }
  return {
    seed,
    violation,
    vacuous,
    commits: cluster.record.lastCommitted,
    simulatedMs: cluster.nowMs,
    events: cluster.events.ran,
    sometimes: cluster.sometimes.counts(),
    fired: Object.fromEntries(faults.fired),
    traceHash: hash?.digest('hex') ?? null,
  };
}

function violationOf(error: unknown, atMs: number): NonNullable<RunResult['violation']> {
  if (error instanceof Violation) return { invariant: error.invariant, what: error.message, atMs };
  if (error instanceof InvariantError) return { invariant: 'an assertion of the core', what: error.message, atMs };
  // Anything else that a core throws is as wrong: it would have stopped a process.
  return {
    invariant: 'no exception',
    what: error instanceof Error ? (error.stack ?? error.message) : String(error),
    atMs,
  };
}

function whyVacuous(cluster: SimCluster, plan: Plan, faults: Faults): string | null {
  const { lastCommitted } = cluster.record;
  if (lastCommitted < plan.faultsMs / 2000) return `only ${lastCommitted} entries were committed`;
  return faults.missing === null ? null : `the fault ${faults.missing} never happened`;
}

/**
 * Some of the nodes, enough for a quorum, are healed; all others are frozen for good, as are all faults. Then there must be one leader
 * within ten election timeouts, an answer for every client's next append, and equal logs. Faults that always heal hide livelock.
 */
function checkLiveness(cluster: SimCluster, plan: Plan, clients: Clients): void {
  clients.isStopped = true;
  const healed = chooseHealed(cluster);
  if (plan.faults.has('rot')) leaveTail(cluster, healed);
  cluster.network.healAll();
  for (const node of cluster.nodes) if (!healed.includes(node)) freeze(cluster, node);
  cluster.network.quality = { delayMsMin: 0.2, delayMsMax: 2, drop: 0, duplicate: 0, late: 0, lateMsMax: 0 };
  for (const node of healed) {
    node.effectsToCrash = -1;
    node.disk.stalledUntilMs = 0;
    node.disk.quality = { ...node.disk.quality, readMsMax: 20 };
    node.disk.isNextSyncFailing = false;
    node.onFatal = (failed) => cluster.events.after(1, () => failed.start());
    node.resume();
    node.start();
    empty(node);
  }
  if (plan.faults.has('rot')) damageLongest(healed);
  const { electionTimeoutMs } = cluster.settings;
  // An election timeout is drawn from once to twice the setting.
  const withinMs = 10 * 2 * electionTimeoutMs;
  clients.reachable = () => healed;
  const leaders = (): readonly SimNode[] => healed.filter((node) => node.isLeader);
  demand(
    cluster,
    'liveness: one leader',
    withinMs,
    () => leaders().length === 1,
    () => describe(healed),
  );
  // Of those that are left a quorum may need one that lags by thousands, and with a window of one entry that takes a while.
  const isCommitted = (): boolean =>
    leaders().length === 1 && leaders()[0]!.core!.commitIndex >= leaders()[0]!.core!.status.lastIndex;
  demand(cluster, "liveness: the leader's log is committed", 60_000, isCommitted, () => describe(healed));
  let waiting = 4;
  const acknowledged = (): void => {
    waiting -= 1;
  };
  for (let client = waiting; client > 0; client--) clients.appendUntilAcknowledged(acknowledged);
  demand(
    cluster,
    'liveness: appends are acknowledged',
    10_000,
    () => waiting === 0,
    () => describe(healed),
  );
  if (plan.faults.has('rot')) damageForgotten(healed);
  // With a window of one entry a learner that lags by thousands takes a while.
  demand(
    cluster,
    'liveness: equal logs',
    60_000,
    () => areEqual(healed),
    () => describe(healed),
  );
  checkStability(cluster, healed);
}

/** Whoever leads adds an entry that nobody else gets before the network is healed. */
function leaveTail(cluster: SimCluster, healed: readonly SimNode[]): void {
  const leader = healed.find((node) => node.isLeader && !node.isPaused);
  if (leader === undefined) return;
  cluster.cutOff(leader);
  cluster.propose(leader);
}

/**
 * One damaged entry, on the member whose log is the longest: all others have forgotten it. Where no quorum can do without that member, nobody
 * leads until somebody who does not lead has mended it.
 */
function damageLongest(healed: readonly SimNode[]): void {
  if (healed.some((node) => node.disk.rotten.size > 0)) return;
  const [longest, ...others] = [...healed].sort((one, other) => compareLogs(other.core!.status, one.core!.status));
  const forgotten = Math.min(...others.map((node) => node.core!.status.firstIndex - 1));
  const { firstIndex, durableIndex } = longest!.core!.status;
  if (others.length === 0 || forgotten < firstIndex || forgotten > durableIndex) return;
  longest!.disk.rotten.add(forgotten);
  longest!.command({ kind: 'unreadable', indexes: [forgotten] });
}

/** §5.4.1 */
function compareLogs(one: CoreStatus, other: CoreStatus): number {
  return one.lastTerm - other.lastTerm || one.lastIndex - other.lastIndex;
}

/** One more damaged entry: one that the leader's log has forgotten, on a member that lacks nothing else. */
function damageForgotten(healed: readonly SimNode[]): void {
  const leader = healed.find((node) => node.isLeader)!;
  const forgotten = leader.core!.status.firstIndex - 1;
  const victim = healed.find((node) => node !== leader && node.core!.status.firstIndex <= forgotten);
  if (victim === undefined) return;
  victim.disk.rotten.add(forgotten);
  victim.command({ kind: 'unreadable', indexes: [forgotten] });
}

/**
 * Nothing fails any more but what is broken for good: whoever leads goes on leading. Without pre-vote a member that cannot hear may
 * depose one leader after the other, and is allowed to.
 */
function checkStability(cluster: SimCluster, healed: readonly SimNode[]): void {
  const { electionTimeoutMs, isPreVoteOn } = cluster.settings;
  if (!isPreVoteOn) return;
  const leader = healed.find((node) => node.isLeader);
  const term = leader?.core?.term;
  if (leader !== undefined) hideLeader(cluster, healed, leader);
  const isDeposed = cluster.runUntil(() => !leader?.isLeader || leader.core!.term !== term, 10 * electionTimeoutMs);
  if (!isDeposed) return;
  throw new Violation('liveness: leadership is stable', `${leader?.member} led term ${term}\n${describe(healed)}`);
}

/** One voter that a quorum can do without no longer hears the leader, and hears everybody else: nobody may help it to another. */
function hideLeader(cluster: SimCluster, healed: readonly SimNode[], leader: SimNode): void {
  const { configuration } = leader.core!.configuration;
  const isSpared = (node: SimNode): boolean => {
    const others = healed.filter((other) => other !== node).map((other) => other.member);
    return node !== leader && isHeldByQuorum(configuration, (member) => others.includes(member));
  };
  const spared = healed.find((node) => isVoter(configuration, node.member) && isSpared(node));
  if (spared !== undefined) cluster.network.cut(leader.name, spared.name);
}

/** What stays broken for good: a machine that is down, one whose disk hangs, one that is deaf, one that is mute. */
function freeze(cluster: SimCluster, node: SimNode): void {
  const others = cluster.nodes.filter((other) => other !== node).map((other) => other.name);
  node.effectsToCrash = -1;
  node.onFatal = undefined;
  node.resume();
  switch (cluster.random.fork(`freeze ${node.name}`).below(4)) {
    case 0:
      node.crash();
      break;
    case 1:
      node.disk.stalledUntilMs = Number.POSITIVE_INFINITY;
      // A hung disk that nobody writes to harms nobody: the first write shows it.
      for (let at = 0; at < 5; at++) cluster.events.after(at * 200, () => void (node.isUp && cluster.propose(node)));
      break;
    case 2:
      for (const other of others) cluster.network.cut(other, node.name);
      break;
    default:
      for (const other of others) cluster.network.cut(node.name, other);
  }
}

function demand(cluster: SimCluster, what: string, withinMs: number, isTrue: () => boolean, tell: () => string): void {
  if (!cluster.runUntil(isTrue, withinMs)) throw new Violation(what, `not within ${withinMs} ms\n${tell()}`);
}

/** As few as are a quorum in every configuration that anybody may act on; everybody, where a damaged disk needs mending. */
function chooseHealed(cluster: SimCluster): SimNode[] {
  const configurations = cluster.nodes.flatMap(configurationsOf);
  const healed = [...cluster.nodes];
  if (cluster.nodes.some((node) => node.disk.rotten.size > 0 || (node.core?.status.unreadable ?? 0) > 0)) return healed;
  const random = cluster.random.fork('heal');
  for (let tries = 0; tries < cluster.nodes.length * 2; tries++) {
    const left = healed.filter((_, at) => at !== tries % healed.length || random.chance(0.3));
    const members = left.map((node) => node.member);
    const isEnough = configurations.every((each) => isHeldByQuorum(each, (member) => members.includes(member)));
    if (isEnough && left.length > 0) healed.splice(0, healed.length, ...left);
  }
  return healed;
}

/** Every configuration on a node's disk, on its way there, or in its core. */
function configurationsOf(node: SimNode): Configuration[] {
  const found: Configuration[] = [];
  for (const image of [node.disk.view, node.disk.synced]) {
    if (image.snapshot !== null) found.push(image.snapshot.meta.configuration);
    for (const entry of image.entries) if (entry.type === 'configuration') found.push(decodeConfiguration(entry.data));
  }
  if (node.core !== null) found.push(node.core.configuration.configuration);
  // A configuration that a later one has long since replaced binds nobody; but which one that is, this node may not know.
  return found.slice(-4);
}

function areEqual(healed: readonly SimNode[]): boolean {
  const leader = healed.find((node) => node.isLeader);
  if (leader === undefined) return false;
  const { configuration } = leader.core!.configuration;
  const members = new Set([...configuration.voters, ...configuration.learners]);
  return healed
    .filter((node) => members.has(node.member))
    .every(
      (node) =>
        node.core?.commitIndex === leader.core!.status.lastIndex &&
        node.machine.index === leader.machine.index &&
        node.machine.hash === leader.machine.hash,
    );
}

function describe(nodes: readonly SimNode[]): string {
  return nodes
    .map((node) => {
      const { members, configuration, ...rest } = node.core?.status ?? { members: [], configuration: null };
      return `${node.member}: ${JSON.stringify(rest)} ${JSON.stringify(configuration)} ${JSON.stringify(members)}`;
    })
    .join('\n');
}
