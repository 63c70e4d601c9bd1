import { createHash } from 'node:crypto';
import { Sometimes } from '@commitlog/simulation';
import type { Traced } from '@commitlog/simulation/swarm';
import { emptyConfiguration, isJoint, type MemberId, memberId, membersOf } from '../../src/index.js';
import type { RunResult } from '../run.js';
import { SimDisk } from './disk.js';
import { Ledger } from './ledger.js';
import { Life } from './life.js';
import { drawPlan, pick } from './plan.js';
import { states } from './states.js';
import { Violation, World } from './world.js';

export interface RunComponents extends Traced {
  /** Resolves when everything that waits on promises alone has gone as far as it can. */
  readonly drain: () => Promise<void>;
}

/** One run of driven members: everything that happens in it is drawn from `seed`. */
export async function runSeed(seed: string, { drain, onTrace }: RunComponents): Promise<RunResult> {
  const hash = onTrace === undefined ? null : createHash('sha256');
  const trace = (event: object): void => {
    if (hash === null) return;
    const line = `${JSON.stringify(event)}\n`;
    hash.update(line);
    onTrace?.(line);
  };
  const world = new World(seed, drawPlan(seed), { drain, trace });
  const cluster = new DrivenCluster(world, hash === null ? undefined : trace);
  let violation: RunResult['violation'] = null;
  let vacuous: string | null = null;
  try {
    await cluster.run();
    vacuous = cluster.ledger.history.length < 10 ? `only ${cluster.ledger.history.length} entries were applied` : null;
  } catch (error) {
    const invariant = error instanceof Violation ? error.invariant : 'no exception';
    const what = error instanceof Violation ? error.message : String((error as Error).stack);
    violation = { invariant, what: `${invariant}: ${what}`, atMs: world.nowMs };
  }
  return {
    seed,
    violation,
    vacuous,
    commits: cluster.ledger.history.length,
    simulatedMs: world.nowMs,
    events: world.moments,
    sometimes: cluster.sometimes.counts(),
    fired: Object.fromEntries(cluster.fired),
    traceHash: hash?.digest('hex') ?? null,
  };
}

/** The members, their disks, what callers do and what goes wrong. */
class DrivenCluster {
  readonly sometimes: Sometimes = new Sometimes(states);
  readonly ledger: Ledger;
  readonly fired: Map<string, number> = new Map();
  readonly #world: World;
  readonly #trace: ((event: object) => void) | undefined;
  readonly #members: MemberId[];
  readonly #disks: SimDisk[];
  readonly #lives: Life[] = [];

  constructor(world: World, trace: ((event: object) => void) | undefined) {
    this.#world = world;
    this.#trace = trace;
    this.ledger = new Ledger(world, this.sometimes);
    const { members, spares } = world.plan;
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].slice(0, members + spares);
    this.#members = nodes.map((node) => memberId(node, 'disk'));
    const founders = { voters: this.#members.slice(0, members), learners: [] };
    this.#disks = nodes.map((_, at) => {
      return new SimDisk(at < members ? founders : undefined, { world, sometimes: this.sometimes });
    });
  }

  async run(): Promise<void> {
    for (const at of this.#members.keys()) await this.#start(at);
    for (let round = 0; round < this.#world.plan.rounds; round++) {
      this.#call();
      // Now and then there is peace for long enough to elect somebody: a cluster that commits nothing shows nothing.
      if (round % 150 < 100) await this.#break();
      else this.#heal();
      await this.#world.pass(pick(this.#world.random, [5, 10, 30]));
      await this.#restartFailed();
      await this.#restartStopped();
    }
    await this.#healAndConverge();
  }

  get #leader(): Life | undefined {
    return this.#lives.find((life) => life.isLeader);
  }

  async #start(at: number): Promise<void> {
    const { ledger, sometimes } = this;
    const components = { world: this.#world, ledger, sometimes, disk: this.#disks[at]!, nodes: this.#members };
    this.#lives[at] = new Life(this.#members[at]!, components);
    await this.#lives[at].start(this.#trace);
  }

  /** What callers do in one round. */
  #call(): void {
    const { random } = this.#world;
    const anyone = (): Life => pick(random, this.#lives);
    const proposer = random.chance(0.8) ? (this.#leader ?? anyone()) : anyone();
    proposer.propose(random.below(5));
    if (random.chance(0.3)) for (let count = 1 + random.below(4); count > 0; count--) anyone().read();
    if (random.chance(0.03)) anyone().snapshot();
    if (random.chance(0.01)) this.#leader?.transfer(pick(random, this.#members));
    if (random.chance(this.#world.plan.changeRate)) (this.#leader ?? anyone()).change();
  }

  /** What goes wrong in one round. */
  async #break(): Promise<void> {
    const { random, away, plan } = this.#world;
    const happens = (fault: string, probability: number): boolean => {
      const isNow = random.chance(probability * plan.faultRate);
      if (isNow) this.fired.set(fault, (this.fired.get(fault) ?? 0) + 1);
      return isNow;
    };
    const at = random.below(this.#members.length);
    const disk = this.#disks[at]!;
    if (happens('cut off', 0.02)) away.add(this.#lives[at]!.node);
    if (random.chance(0.06)) away.clear();
    if (happens('full disk', 0.015)) disk.full = 'all';
    if (happens('disk without room for snapshots', 0.03)) disk.full = 'snapshots';
    if (random.chance(0.04)) for (const each of this.#disks) each.full = 'nothing';
    if (happens('rotten entry', 0.02)) this.#rot(at);
    if (happens('rotten snapshot', 0.02)) disk.rotSnapshot();
    if (happens('crash', 0.03)) await this.#crash(at);
    if (happens('stop', 0.015)) {
      await this.#lives[at]!.stop();
      await this.#start(at);
    }
    if (happens('failed sync', 0.008)) disk.isNextSyncFailing = true;
  }

  /** One entry at a time in all of the cluster, and with others to mend it from. */
  #rot(at: number): void {
    const { configuration } = this.#lives[at]!.group.status.configuration;
    const isAlone = configuration.voters.length < 3 || isJoint(configuration);
    if (isAlone || this.#disks.some((disk) => disk.memory.unreadable.size > 0)) return;
    const { firstIndex, durableIndex } = this.#lives[at]!.group.status;
    if (durableIndex <= firstIndex + 3) return;
    const { random } = this.#world;
    // What all other members have compacted already, only a snapshot of theirs can mend.
    const members = membersOf(configuration);
    const others = this.#lives.filter((_, other) => other !== at && members.has(this.#members[other]!));
    const forgotten = Math.min(...others.map(({ group }) => group.status.firstIndex), durableIndex) - firstIndex;
    const isForgotten = forgotten > 0 && random.chance(0.5);
    const within = isForgotten ? forgotten : durableIndex - firstIndex;
    this.#disks[at]!.memory.unreadable.add(firstIndex + random.below(within));
  }

  async #crash(at: number): Promise<void> {
    await this.#lives[at]!.crash();
    if (this.#world.random.chance(0.5)) await this.#downFor(at, this.#world.random.below(800));
    await this.#start(at);
  }

  async #downFor(at: number, ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 50) {
      const leader = this.#lives.find((life, other) => other !== at && life.isLeader);
      leader?.propose();
      await this.#world.pass(50);
    }
  }

  async #restartFailed(): Promise<void> {
    for (const [at, life] of this.#lives.entries()) {
      if (life.failure === null) continue;
      if (!life.hasFailedRightly)
        throw new Violation('members go on', `${life.node} failed: ${String((life.failure as Error).stack)}`);
      this.sometimes.reached('a failed sync ended a member');
      await this.#world.pass(50);
      if (life.pending > 0)
        throw new Violation('every call is answered', `${life.node} failed and owes ${life.pending}`);
      await life.crash();
      await this.#start(at);
    }
  }

  /** Those that a callback stopped. */
  async #restartStopped(): Promise<void> {
    for (const [at, life] of this.#lives.entries()) {
      if (!life.isStopping) continue;
      await life.stop();
      await this.#start(at);
    }
  }

  #heal(): void {
    this.#world.away.clear();
    for (const disk of this.#disks) {
      disk.full = 'nothing';
      disk.isNextSyncFailing = false;
    }
  }

  /** Nothing goes wrong any more: then all must come to the same, and nobody may wait for ever. */
  async #healAndConverge(): Promise<void> {
    const world = this.#world;
    world.isLossy = false;
    this.#heal();
    await this.#restartStopped();
    for (let waitedMs = 0; waitedMs < 6000; waitedMs += 500) {
      await world.pass(500);
      await this.#restartFailed();
    }
    const before = this.ledger.history.length;
    const isLed = await world.until(() => this.#leader !== undefined, 5000);
    if (!isLed) throw new Violation('liveness', 'nobody leads after all was healed');
    this.#leader!.propose();
    // Whoever was removed is sent nothing any more; where it does not know, its callers wait.
    const members = (): Life[] => {
      const { configuration } = this.#leader?.group.status.configuration ?? { configuration: emptyConfiguration };
      return this.#lives.filter((_, at) => membersOf(configuration).has(this.#members[at]!));
    };
    const isEqual = (): boolean => members().every(({ machine }) => machine.count === this.ledger.history.length);
    const isDone = (): boolean => this.ledger.history.length > before && isEqual();
    if (!(await world.until(isDone, 20_000)))
      throw new Violation('liveness', `members stay apart: ${this.#describe()}`);
    const answered = (): boolean =>
      [...members(), ...this.#lives.filter((life) => life.isRemoved)].every((life) => life.pending === 0);
    if (!(await world.until(answered, 3000))) {
      throw new Violation('every call is answered', `somebody still waits: ${this.#describe()}`);
    }
    // What was acknowledged last may still be on its way into the machines.
    await world.until(() => (this.ledger.history.at(-1)?.index ?? 0) >= this.ledger.acknowledged && isEqual(), 3000);
    this.ledger.checkPromises();
    for (const life of this.#lives) await life.stop();
    await world.pass(1);
  }

  #describe(): string {
    const each = this.#lives.map(({ node, group, machine, pending }) => {
      const { role, term, commitIndex, lastIndex, unreadable, isStorageRefusing } = group.status;
      return {
        node,
        role,
        term,
        lastIndex,
        commitIndex,
        applied: group.appliedIndex,
        count: machine.count,
        pending,
        unreadable,
        isStorageRefusing,
      };
    });
    return JSON.stringify({ history: this.ledger.history.length, each, members: this.#leader?.group.status.members });
  }
}
