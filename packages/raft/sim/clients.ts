import type { SeededRandom } from '@commitlog/simulation';
import type { SimCluster } from './cluster.js';
import type { SimNode } from './node.js';
import type { Plan } from './plan.js';

/** Programs that append and read, each with some requests in flight, mostly where they think the leader is. */
export class Clients {
  isStopped = false;
  /** Those that clients may talk to; in the end only the healed. */
  reachable: () => readonly SimNode[];
  readonly #cluster: SimCluster;
  readonly #plan: Plan;
  readonly #random: SeededRandom;

  constructor(cluster: SimCluster, plan: Plan) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#random = cluster.random.fork('clients');
    this.reachable = () => cluster.nodes;
  }

  start(): void {
    for (let at = 0; at < this.#plan.clients * this.#plan.clientInFlight; at++) this.#next();
  }

  /** One append that is tried until it is acknowledged. */
  appendUntilAcknowledged(done: () => void): void {
    const again = (): void => this.#cluster.events.after(20, () => this.appendUntilAcknowledged(done));
    const target = this.#target(1);
    let isSettled = false;
    const settle = (isDone: boolean): void => {
      if (isSettled) return;
      isSettled = true;
      if (isDone) done();
      else again();
    };
    this.#cluster.propose(target, (outcome) => settle(outcome.kind === 'committed'));
    this.#cluster.events.after(1000, () => settle(false));
  }

  #next(): void {
    if (this.isStopped) return;
    const thinkMs = this.#plan.thinkMs * (0.5 + this.#random.below(1000) / 1000);
    this.#cluster.events.after(thinkMs, () => this.#request());
  }

  #request(): void {
    let isSettled = false;
    const settle = (): void => {
      if (isSettled) return;
      isSettled = true;
      this.#next();
    };
    if (this.#random.chance(this.#plan.readShare)) this.#readTarget().read(settle);
    else this.#cluster.propose(this.#target(0.9), settle);
    // A client's patience: it asks something new, and the old request's fate stays unknown to it.
    this.#cluster.events.after(800, settle);
  }

  /** Reads go anywhere, and gladly to a stopped process: when it goes on it must not answer from the past (etcd 20418). */
  #readTarget(): SimNode {
    const stopped = this.reachable().find((node) => node.isPaused);
    return stopped !== undefined && this.#random.chance(0.5) ? stopped : this.#target(0.4);
  }

  /** @param leaderShare how often the leader is asked, when there is one */
  #target(leaderShare: number): SimNode {
    const reachable = this.reachable();
    const leader = this.#random.chance(leaderShare)
      ? reachable.find((node) => node === this.#cluster.leader)
      : undefined;
    return leader ?? reachable[this.#random.below(reachable.length)]!;
  }
}
