import type { SeededRandom } from '@commitlog/simulation';
import { type Index, isJoint, membersOf, nodeOf } from '../src/index.js';
import type { SimCluster } from './cluster.js';
import type { SimNode } from './node.js';
import type { Operator } from './operator.js';
import type { FaultKind, Plan } from './plan.js';

/** Breaks things, each kind on a schedule of its own, and mends them after a while. */
export class Faults {
  isStopped = false;
  readonly fired: Map<FaultKind, number> = new Map();
  readonly #cluster: SimCluster;
  readonly #plan: Plan;
  readonly #operator: Operator;
  readonly #random: SeededRandom;

  constructor(cluster: SimCluster, plan: Plan, operator: Operator) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#operator = operator;
    this.#random = cluster.random.fork('faults');
    for (const kind of plan.faults.keys()) this.fired.set(kind, 0);
  }

  /** A kind that was to happen and has not yet. */
  get missing(): FaultKind | null {
    for (const [kind, count] of this.fired) if (count === 0) return kind;
    return null;
  }

  start(): void {
    if (this.#plan.faults.has('partition') || this.#plan.faults.has('crash')) this.#splitJoints();
    if (this.#plan.faults.has('disk-full')) this.#fillWhenInstalling();
    for (const [kind, meanMs] of this.#plan.faults) this.#schedule(kind, meanMs, this.#ms(1200, 5000));
    for (const node of this.#cluster.nodes) {
      const { onCrash } = node;
      node.onCrash = (crashed, lost, wasLeader, wasBetween) => {
        onCrash?.(crashed, lost, wasLeader, wasBetween);
        // Nobody knows beforehand when it dies, so its restart is only planned now.
        if (wasBetween) this.#restartLater(crashed);
      };
      node.onFatal = () => {
        this.#cluster.sometimes.reached('a failed sync ended a process');
        this.#restartLater(node);
      };
    }
  }

  #schedule(kind: FaultKind, meanMs: number, delayMs: number): void {
    this.#cluster.events.after(delayMs, () => {
      if (this.isStopped) return;
      const hasFired = this.#fire(kind);
      if (hasFired) this.fired.set(kind, this.fired.get(kind)! + 1);
      // What cannot happen now (a second wiped disk, say) is tried again soon.
      this.#schedule(kind, meanMs, hasFired ? meanMs * (0.3 + this.#random.below(1400) / 1000) : 100);
    });
  }

  #fire(kind: FaultKind): boolean {
    const { network, nodes } = this.#cluster;
    const mute = this.#anyNode().name;
    switch (kind) {
      case 'lossy':
        return network.dropped.lost > 0;
      case 'duplicate':
        return network.dropped.duplicated > 0;
      case 'late':
        return network.dropped.late > 0;
      case 'partition':
        return this.#partition();
      case 'one-way':
        return this.#cutLinks((from) => from === mute);
      case 'partial':
        return this.#cutLinks(() => this.#random.chance(0.3));
      case 'link-stall': {
        const [from, to] = this.#names();
        if (from === undefined || to === undefined) return true;
        network.stall(from, to, this.#ms(100, 1000));
        return true;
      }
      case 'crash':
        return this.#crash(this.#anyNode());
      case 'power-cut':
        for (const node of nodes) this.#crash(node);
        this.#cluster.sometimes.reached('every node was down at once');
        return true;
      case 'crash-between-effects':
        return this.#crashBetweenEffects();
      case 'pause':
        return this.#pause();
      case 'disk-stall': {
        const node = this.#leaderOrAny();
        node.disk.stalledUntilMs = this.#cluster.nowMs + this.#ms(200, 3000);
        return true;
      }
      case 'disk-full':
        return this.#fill(this.#leaderOrAny());
      case 'sync-failure':
        this.#leaderOrAny().disk.isNextSyncFailing = true;
        return true;
      case 'wipe':
        return this.#wipe();
      case 'rot':
        return this.#rot();
    }
  }

  #partition(): boolean {
    const names = this.#names();
    if (names.length < 2) return true;
    const { leader } = this.#cluster;
    if (leader !== undefined && this.#random.chance(0.4)) {
      // Alone, and busy: a long tail that nobody else has, to be cut or replaced by a snapshot later.
      this.#cluster.cutOff(leader);
      for (let count = this.#random.below(60); count > 0; count--) this.#cluster.propose(leader);
    } else {
      const cut = 1 + this.#random.below(names.length - 1);
      this.#cluster.network.partition(names.slice(0, cut), names.slice(cut));
    }
    this.#later(this.#ms(200, 3000), () => this.#cluster.network.healAll());
    return true;
  }

  /**
   * Strikes at the moments at which a change of voters is most delicate: cuts the network between its two halves, and kills a leader that has
   * just written the configuration which leaves it out.
   */
  #splitJoints(): void {
    this.#cluster.watchers.push((node, _input, effects) => {
      for (const effect of effects) {
        if (this.isStopped || effect.kind !== 'configuration' || !node.isLeader || !this.#random.chance(0.7)) continue;
        const { voters, outgoing } = effect.configuration;
        if (isJoint(effect.configuration))
          this.#split(outgoing.filter((member) => !voters.includes(member)).map(nodeOf), node);
        else if (!voters.includes(node.member)) this.#later(this.#random.below(30) / 10, () => this.#crash(node));
      }
    });
  }

  #split(leaving: readonly string[], leader: SimNode): void {
    const others = this.#cluster.nodes.map((each) => each.name).filter((name) => !leaving.includes(name));
    // At once, those that leave do not even get the entry: they go on by the old configuration, the others by the new.
    const atMs = this.#random.chance(0.5) ? 0 : this.#ms(1, 30);
    if (atMs === 0) this.#cluster.network.partition(leaving, others);
    else this.#later(atMs, () => this.#cluster.network.partition(leaving, others));
    if (this.#random.chance(0.7)) this.#later(atMs + this.#ms(3, 30), () => this.#crash(leader));
    this.#later(atMs + this.#ms(1500, 3500), () => this.#cluster.network.healAll());
  }

  /** A snapshot's last part just fitted: whatever waits behind it may not, and must not take the installation with it. */
  #fillWhenInstalling(): void {
    this.#cluster.watchers.push((node, _input, effects) => {
      const isInstalling = effects.some((effect) => effect.kind === 'restore');
      if (isInstalling && !this.isStopped && this.#random.chance(0.3)) this.#fill(node);
    });
  }

  #cutLinks(isCut: (from: string) => boolean): boolean {
    const names = this.#names();
    for (const from of names) {
      for (const to of names) if (from !== to && isCut(from)) this.#cluster.network.cut(from, to);
    }
    this.#later(this.#ms(200, 3000), () => this.#cluster.network.healAll());
    return true;
  }

  #crash(node: SimNode): boolean {
    node.crash();
    this.#restartLater(node);
    return true;
  }

  #crashBetweenEffects(): boolean {
    const node = this.#leaderOrAny();
    if (!node.isUp) return false;
    node.effectsToCrash = this.#random.below(6);
    return true;
  }

  #pause(): boolean {
    const node = (this.#random.chance(0.6) ? this.#cluster.leader : undefined) ?? this.#anyNode();
    if (!node.isUp || node.isPaused) return false;
    const pauseMs = this.#ms(50, 2500);
    node.pause();
    if (pauseMs > this.#cluster.settings.electionTimeoutMs) {
      this.#cluster.sometimes.reached('a node woke from a pause longer than an election timeout');
    }
    this.#later(pauseMs, () => node.resume());
    return true;
  }

  #fill(node: SimNode): boolean {
    node.disk.isFull = true;
    this.#later(this.#ms(200, 2500), () => empty(node));
    return true;
  }

  /** One damaged member at a time: a majority that has lost its disks has lost what only they held. */
  #isAnyDamaged(): boolean {
    const { nodes } = this.#cluster;
    if (this.#operator.wiped() !== null) return true;
    const newest = this.#cluster.newestConfiguration;
    if (isJoint(newest.configuration) || newest.configuration.voters.length < 3) return true;
    const members = membersOf(newest.configuration);
    const isUndecided = nodes.some((node) => members.has(node.member) && node.lastConfiguration.index > newest.index);
    if (isUndecided) return true;
    for (const node of nodes) {
      const isHoled = node.disk.rotten.size > 0 || (node.core?.status.unreadable ?? 0) > 0;
      if (isHoled && members.has(node.member)) return true;
    }
    return false;
  }

  /** Whether anybody counts it in: what happens to a stranger's disk harms nobody. */
  #isMember(node: SimNode): boolean {
    return this.#cluster.nodes.some((other) => membersOf(other.lastConfiguration.configuration).has(node.member));
  }

  #membersBut(node: SimNode): SimNode[] {
    const members = membersOf(node.lastConfiguration.configuration);
    return this.#cluster.nodes.filter((other) => other !== node && members.has(other.member));
  }

  #wipe(): boolean {
    if (this.#isAnyDamaged()) return false;
    const node = this.#anyNode();
    this.#cluster.wipe(node);
    this.#restartLater(node);
    return true;
  }

  #rot(): boolean {
    if (this.#isAnyDamaged()) return false;
    const node = this.#leaderOrAny();
    const { start, entries } = node.disk.synced;
    if (entries.length === 0 || !this.#isMember(node)) return false;
    const last = start.index + entries.length;
    // What all others have compacted already, only a snapshot of theirs can mend.
    const forgotten = Math.min(last, ...this.#membersBut(node).map((other) => other.disk.synced.start.index));
    const isForgotten = forgotten > start.index && this.#random.chance(0.5);
    for (const index of this.#damaged(start.index + 1, isForgotten ? forgotten : last)) node.disk.rotten.add(index);
    // Found by whoever reads it, by the next start, or at last by a scrub.
    const { disk } = node;
    this.#later(this.#random.chance(0.5) ? 0 : this.#ms(100, 3000), () => {
      if (node.disk === disk) node.command({ kind: 'unreadable', indexes: [...disk.rotten] });
    });
    return true;
  }

  /** A bad block of a few entries, or bad sectors anywhere. */
  #damaged(first: Index, last: Index): Index[] {
    const anywhere = (): Index => first + this.#random.below(last - first + 1);
    const count = 1 + this.#random.below(4);
    if (this.#random.chance(0.5)) return Array.from({ length: count }, anywhere);
    const from = anywhere();
    return Array.from({ length: Math.min(count, last - from + 1) }, (_, at) => from + at);
  }

  #restartLater(node: SimNode): void {
    // Half of them are back before what was on the way to them has arrived.
    const delayMs = this.#random.chance(0.5) ? this.#ms(1, 100) : this.#ms(100, 2000);
    this.#later(delayMs, () => node.start());
  }

  /** Mending happens unless the faults have been frozen: then whoever froze them decides. */
  #later(delayMs: number, run: () => void): void {
    this.#cluster.events.after(delayMs, () => {
      if (!this.isStopped) run();
    });
  }

  #names(): string[] {
    const names = this.#cluster.nodes.map((node) => node.name);
    for (let at = names.length - 1; at > 0; at--) {
      const other = this.#random.below(at + 1);
      [names[at], names[other]] = [names[other]!, names[at]!];
    }
    return names;
  }

  #anyNode(): SimNode {
    return this.#cluster.nodes[this.#random.below(this.#cluster.nodes.length)]!;
  }

  #leaderOrAny(): SimNode {
    return (this.#random.chance(0.5) ? this.#cluster.leader : undefined) ?? this.#anyNode();
  }

  #ms(low: number, high: number): number {
    return low + this.#random.below(high - low + 1);
  }
}

/** There is space on the disk again, and the node is told. */
export function empty(node: SimNode): void {
  node.disk.isFull = false;
  node.command({ kind: 'storage-ready' });
}
