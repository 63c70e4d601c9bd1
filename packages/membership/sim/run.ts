import type { SeedResult } from '@commitlog/simulation/swarm';
import { suspicionTimes } from '../src/core/suspicion.js';
import { calmNetwork, SimCluster } from './cluster.js';
import { drills } from './drills/index.js';
import { Faults } from './faults.js';
import { drawPlan, type Plan } from './plan.js';
import { firstDifference, haveConverged } from './views.js';
import { Violation } from './violation.js';
import { watchStates } from './watch.js';

/** What one seed's run came to. */
export interface RunResult extends SeedResult {
  readonly nodes: number;
  readonly events: number;
  /** In one data centre: how long after a kill each of the others knew of it. */
  readonly detectMs: readonly number[];
}

/** How long everything may take to be as it should after all is mended, in one data centre. */
const convergeMsMax = 240_000;
/** Comparing all with all is dear. */
const comparingEveryMs = 500;
/** Nobody may be given up for so long after that. */
const calmMs = 6_000;
/** Seldom enough that what was saved is old by the time it is needed. */
const saveEveryMs = 5_000;

/** One run: everything that happens in it is drawn from `seed`. */
export function runSeed(seed: string): RunResult {
  const plan = drawPlan(seed);
  const cluster = new SimCluster(plan.cluster);
  watchStates(cluster);
  const faults = new Faults(cluster, plan);
  const detectMs: number[] = [];
  let violation: RunResult['violation'] = null;
  try {
    startAll(cluster, faults);
    faults.start();
    cluster.runFor(plan.faultsMs);
    // What could not happen yet (nobody was up to stand still, say) gets its moment, as the others rest.
    faults.isOnlyMissing = true;
    cluster.runUntil(() => faults.missing === undefined, 3 * plan.faultsMs);
    faults.heal();
    cluster.network.quality = calmNetwork;
    mustConverge(cluster, plan);
    mustStayCalm(cluster);
    const found = mustDetect(cluster, plan);
    mustHearOfLeave(cluster, plan);
    // Other profiles have other times.
    if (plan.cluster.settings.probeIntervalMs === 1_000) detectMs.push(...found);
    for (const drill of drills) drill(seed);
  } catch (error) {
    violation = violationOf(error, cluster.nowMs);
  }
  const missing = faults.missing;
  return {
    seed,
    nodes: plan.cluster.nodes,
    violation,
    vacuous: missing === undefined ? null : `the fault "${missing}" never happened`,
    simulatedMs: cluster.nowMs,
    events: cluster.events.ran,
    detectMs,
    sometimes: cluster.sometimes.counts(),
  };
}

/** One after the other, each told of one that is there already. */
function startAll(cluster: SimCluster, faults: Faults): void {
  const withinMs = cluster.nodes.length * 20;
  const random = cluster.random.fork('starts');
  for (const [at, node] of cluster.nodes.entries()) {
    const startMs = at === 0 ? 0 : random.below(withinMs);
    cluster.events.after(startMs, () => {
      if (at === 0) node.start();
      else faults.restart(node);
    });
    const save = (): void => {
      if (!node.isStalled) node.save();
      cluster.events.after(saveEveryMs, save);
    };
    cluster.events.after(startMs + saveEveryMs, save);
  }
}

function mustConverge(cluster: SimCluster, plan: Plan): void {
  const withinMs = convergeMsMax * plan.pace;
  const isWell = (): boolean => cluster.there.length === cluster.nodes.length && haveConverged(cluster);
  if (cluster.runUntil(isWell, withinMs, comparingEveryMs)) {
    for (const node of cluster.there) cluster.invariants.checkPicture(node);
    return;
  }
  const difference = firstDifference(cluster) ?? 'they differ in number';
  throw new Violation('views converge', `not within ${withinMs} ms: ${difference}`);
}

function mustStayCalm(cluster: SimCluster): void {
  let complaint: string | undefined;
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'failed' || kind === 'left') complaint ??= `${node.name} says that ${member.name} ${kind}`;
  });
  cluster.runFor(calmMs);
  cluster.watchers.pop();
  if (complaint !== undefined) throw new Violation('peace when all is well', complaint);
}

/** Kills one for good: every other must come to know of it. */
function mustDetect(cluster: SimCluster, plan: Plan): number[] {
  const victim = cluster.nodes[cluster.random.fork('victim').below(cluster.nodes.length)]!;
  // Members that were slow or lonely a moment ago are patient: that passes, and then times are the profile's.
  const isHealthy = (): boolean => cluster.there.every(({ core }) => core!.healthScore === 0);
  if (!cluster.runUntil(isHealthy, convergeMsMax * plan.pace)) {
    throw new Violation('health comes back', 'somebody still distrusts itself long after all is well');
  }
  const killedMs = cluster.nowMs;
  const found = new Map<string, number>();
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'failed' && member.name === victim.name) found.set(node.name, cluster.nowMs - killedMs);
    else if (kind === 'failed') throw new Violation('peace when all is well', `${node.name} gave up ${member.name}`);
  });
  victim.crash();
  const isFound = (): boolean => {
    mustNotBlameThemselves(cluster);
    return found.size === cluster.nodes.length - 1;
  };
  const { maxMs, minMs } = suspicionTimes(cluster.settings, cluster.nodes.length);
  // Where others can confirm a suspicion it is over before one that nobody shares. Of three members only one can, and what it says may be lost: then it
  // lasts as long as one can, from when somebody has asked in vain.
  const isConfirmedByOne = cluster.nodes.length === 3 && plan.cluster.network.drop > 0;
  const untilSuspectedMs = isConfirmedByOne ? 4 * cluster.settings.probeIntervalMs : 0;
  const withinMs = maxMs > minMs ? maxMs + untilSuspectedMs : 120_000 * plan.pace;
  if (!cluster.runUntil(isFound, withinMs)) {
    throw new Violation('a kill is noticed', `${found.size} of ${cluster.nodes.length - 1} know of ${victim.name}`);
  }
  cluster.watchers.pop();
  return [...found.values()];
}

/** Others say that they had no answer either: so nobody blames itself for the death of another (Lifeguard §IV-A). */
function mustNotBlameThemselves({ there }: SimCluster): void {
  const blamed = there.find(({ core }) => core!.healthScore > 0);
  if (blamed === undefined) return;
  throw new Violation('nobody is blamed for a death', `${blamed.name} has a score of ${blamed.core!.healthScore}`);
}

/** One takes its leave: most others hear of it at once, all in time, and nobody takes it for failed. */
function mustHearOfLeave(cluster: SimCluster, plan: Plan): void {
  const leaver = cluster.there[cluster.random.fork('leaver').below(cluster.there.length)]!;
  const others = cluster.there.length - 1;
  const heard = new Set<string>();
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'left' && member.name === leaver.name) heard.add(node.name);
    if (kind === 'failed') throw new Violation('a leave is heard', `${node.name} gave up ${member.name}`);
  });
  leaver.leave();
  for (const { least, withinMs } of [
    { least: Math.ceil(others / 2), withinMs: 2_000 * plan.pace },
    { least: others, withinMs: convergeMsMax * plan.pace },
  ]) {
    if (cluster.runUntil(() => heard.size >= least, withinMs)) continue;
    throw new Violation('a leave is heard', `${heard.size} of ${others} know that ${leaver.name} left`);
  }
  cluster.watchers.pop();
}

function violationOf(error: unknown, atMs: number): RunResult['violation'] {
  if (error instanceof Violation) return { invariant: error.invariant, what: error.message, atMs };
  // Anything else that a core throws is as wrong: it would have stopped a process.
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { invariant: 'no exception', what, atMs };
}
