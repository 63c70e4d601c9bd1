import type { SeededRandom } from '@commitlog/simulation';
import { encodeMessage } from '../src/core/message.js';
import { PacketBuilder, payloadBytesMax } from '../src/core/packet.js';
import { incarnationMax } from '../src/index.js';
import type { SimCluster } from './cluster.js';
import type { SimNode } from './node.js';
import type { FaultKind, Plan } from './plan.js';

/** Breaks things, each kind on a schedule of its own, and mends them after a while. */
export class Faults {
  isStopped = false;
  /** Whether only kinds happen that have not yet: one may need members whom the others keep down. */
  isOnlyMissing = false;
  readonly fired: Map<FaultKind, number> = new Map();
  readonly #cluster: SimCluster;
  readonly #plan: Plan;
  readonly #random: SeededRandom;

  constructor(cluster: SimCluster, plan: Plan) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#random = cluster.random.fork('faults');
    for (const kind of plan.faults.keys()) this.fired.set(kind, 0);
  }

  /** A kind that was to happen and has not. */
  get missing(): FaultKind | undefined {
    for (const [kind, count] of this.fired) if (count === 0) return kind;
    return undefined;
  }

  start(): void {
    for (const [kind, meanMs] of this.#plan.faults) {
      // Each kind happens at least once, after members have had a moment to find each other.
      this.#schedule(kind, meanMs, this.#ms(3_000 * this.#plan.pace, this.#plan.faultsMs * 0.6));
    }
  }

  /** Whatever is broken is mended, and everybody who is down comes back. */
  heal(): void {
    this.isStopped = true;
    this.#cluster.network.healAll();
    for (const node of this.#cluster.nodes) {
      node.resume();
      this.restart(node);
      // Who is on its way out goes first.
      if (node.hasLeft)
        this.#cluster.events.after(2 * this.#cluster.settings.leavePropagateMs, () => this.restart(node));
    }
  }

  /** Starts a node again. One that lost what it saved is told where to look, as by whoever installs it. */
  restart(node: SimNode): void {
    if (node.isUp) return;
    node.start();
    if (node.saved === undefined) node.join(this.#seeds(node));
  }

  /** The first, whom nobody told of the others, and two who never move: who remembers places of movers alone finds nobody. */
  #seeds(node: SimNode): SimNode['address'][] {
    const { nodes } = this.#cluster;
    const seeds = new Set([nodes[0]!, ...nodes.slice(-2)]);
    seeds.delete(node);
    return [...seeds].map(({ address }) => address);
  }

  #schedule(kind: FaultKind, meanMs: number, delayMs: number): void {
    this.#cluster.events.after(delayMs, () => {
      if (this.isStopped || (this.isOnlyMissing && this.fired.get(kind)! > 0)) return;
      const hasFired = this.#fire(kind);
      if (hasFired) this.fired.set(kind, this.fired.get(kind)! + 1);
      this.#schedule(kind, meanMs, hasFired ? meanMs * (0.3 + this.#random.below(1400) / 1000) : 200);
    });
  }

  #fire(kind: FaultKind): boolean {
    const { network, sometimes } = this.#cluster;
    const node = this.#anyNode();
    switch (kind) {
      case 'partition': {
        const names = this.#names();
        const at = 1 + this.#random.below(names.length - 1);
        network.partition(names.slice(0, at), names.slice(at));
        this.#later(() => network.healAll());
        return true;
      }
      case 'one-way':
        return this.#cut((from) => from === node.name);
      case 'partial':
        return this.#cut(() => this.#random.chance(0.2));
      case 'stall':
        return this.#stall(node);
      case 'crash':
        return this.#crash(node);
      case 'all-down':
        for (const each of this.#cluster.nodes) this.#crash(each);
        sometimes.reached('every member was down at once');
        return true;
      case 'move': {
        // Where all have moved, nobody finds anybody: a third of them do, the others stay where they are.
        const mover = this.#cluster.nodes[this.#random.below(Math.ceil(this.#cluster.nodes.length / 3))]!;
        return this.#crash(mover) && this.#move(mover);
      }
      case 'wipe':
        return this.#crash(node) && this.#wipe(node);
      case 'clock-jump':
        if (!node.isUp) return false;
        node.jumpClock(this.#ms(500, 60_000));
        sometimes.reached('a clock jumped forward');
        return true;
      case 'leave':
        return this.#leave(node);
      case 'tags':
        if (!node.isIn || node.isStalled) return false;
        node.step({
          kind: 'set-tags',
          tags: { draw: this.#random.below(1000), long: 'x'.repeat(this.#random.below(450)) },
        });
        sometimes.reached('tags changed');
        return true;
      case 'replay':
        return this.#replay();
      case 'forge':
        return this.#forge();
    }
  }

  #cut(isCut: (from: string) => boolean): boolean {
    const names = this.#names();
    for (const from of names)
      for (const to of names) if (from !== to && isCut(from)) this.#cluster.network.cut(from, to);
    this.#later(() => this.#cluster.network.healAll());
    return true;
  }

  #stall(node: SimNode): boolean {
    if (!node.isUp || node.isStalled) return false;
    const stallMs = this.#durationMs();
    node.stall();
    if (stallMs > this.#cluster.settings.probeIntervalMs) {
      this.#cluster.sometimes.reached('a member stood still for longer than a probe');
    }
    this.#cluster.events.after(stallMs, () => node.resume());
    return true;
  }

  #crash(node: SimNode): boolean {
    if (!node.isUp) return false;
    node.crash();
    this.#later(() => this.restart(node));
    return true;
  }

  #move(node: SimNode): boolean {
    this.#cluster.move(node);
    this.#cluster.sometimes.reached('a member came back with a new address');
    return true;
  }

  #wipe(node: SimNode): boolean {
    node.saved = undefined;
    this.#cluster.sometimes.reached('a member came back with nothing saved');
    return true;
  }

  #leave(node: SimNode): boolean {
    if (!node.isIn || node.isStalled) return false;
    node.leave();
    this.#cluster.sometimes.reached('a member left');
    // Not before it is gone: who is on its way out cannot be started.
    this.#later(() => {
      this.#cluster.sometimes.reached('a member left and came back');
      this.restart(node);
    }, 2 * this.#cluster.settings.leavePropagateMs);
    return true;
  }

  #replay(): boolean {
    const { recorded } = this.#cluster;
    if (recorded.length === 0) return false;
    for (let count = 20; count > 0; count--) this.#cluster.replay(recorded[this.#random.below(recorded.length)]!);
    return true;
  }

  /** A member lies about another, with an incarnation that leaves its victim nothing to answer with. */
  #forge(): boolean {
    const awake = this.#cluster.nodes.filter(({ isUp, isStalled }) => isUp && !isStalled);
    if (awake.length < 2) return false;
    const [node] = awake.splice(this.#random.below(awake.length), 1) as [SimNode];
    const liar = awake[this.#random.below(awake.length)]!;
    const victim = this.#anyNode();
    if (victim === liar) return false;
    const kind = (['suspect', 'failed', 'left'] as const)[this.#random.below(3)]!;
    const claim = { kind, about: victim.name, incarnation: incarnationMax, from: liar.name };
    const packet = new PacketBuilder(
      { from: liar.name, to: node.name, incarnation: liar.core!.self.incarnation },
      payloadBytesMax,
    );
    packet.add(encodeMessage(claim));
    node.step({ kind: 'packet', from: liar.address, bytes: packet.bytes() });
    return true;
  }

  /** Mending happens unless everything is being mended already. */
  #later(run: () => void, atLeastMs = 0): void {
    this.#cluster.events.after(atLeastMs + this.#durationMs(), () => {
      if (!this.isStopped) run();
    });
  }

  #durationMs(): number {
    return this.#ms(100, this.#plan.faultMsMax);
  }

  #names(): string[] {
    const names = this.#cluster.nodes.map(({ name }) => name);
    for (let at = names.length - 1; at > 0; at--) {
      const other = this.#random.below(at + 1);
      [names[at], names[other]] = [names[other]!, names[at]!];
    }
    return names;
  }

  #anyNode(): SimNode {
    return this.#cluster.nodes[this.#random.below(this.#cluster.nodes.length)]!;
  }

  #ms(low: number, high: number): number {
    return low + this.#random.below(Math.max(1, Math.ceil(high - low)));
  }
}
