import type { SeededRandom } from '@commitlog/simulation';
import { isJoint, type MemberId, membersOf, nodeOf } from '../src/index.js';
import type { SimCluster } from './cluster.js';
import type { SimNode } from './node.js';
import type { Plan } from './plan.js';

/** Whoever runs the cluster: changes members, swaps wiped disks, hands leadership over. Asks whoever leads, and asks again. */
export class Operator {
  isStopped = false;
  /** Whether members change for no reason but to change. */
  isChanging = true;
  readonly #cluster: SimCluster;
  readonly #plan: Plan;
  readonly #random: SeededRandom;

  constructor(cluster: SimCluster, plan: Plan) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#random = cluster.random.fork('operator');
  }

  start(): void {
    this.#every(200, () => this.#swapWiped());
    if (this.#plan.changeMs > 0) this.#every(this.#plan.changeMs, () => this.#change());
    if (this.#plan.transferMs > 0) this.#every(this.#plan.transferMs, () => this.#transfer());
  }

  /** A member of the leader's configuration whose disk is gone, with the member that its node is now. */
  wiped(): { readonly gone: MemberId; readonly now: MemberId } | null {
    const newest = this.#cluster.newestConfiguration;
    const members = [...membersOf(newest.configuration)];
    for (const { name, member } of this.#cluster.nodes) {
      const gone = members.find((each) => nodeOf(each) === name && each !== member);
      if (gone !== undefined) return { gone, now: member };
    }
    return null;
  }

  #every(meanMs: number, run: () => void): void {
    const next = (): void => {
      if (this.isStopped) return;
      this.#cluster.events.after(meanMs * (0.5 + this.#random.below(1000) / 1000), () => {
        if (!this.isStopped) run();
        next();
      });
    };
    next();
  }

  #swapWiped(): void {
    const { leader } = this.#cluster;
    const wiped = this.wiped();
    if (leader === undefined || wiped === null) return;
    const { voters, learners } = leader.core!.configuration.configuration;
    const { gone, now } = wiped;
    if (voters.includes(gone)) {
      if (!learners.includes(now)) this.#propose(leader, voters, [...learners, now]);
      else
        this.#propose(
          leader,
          voters.map((each) => (each === gone ? now : each)),
          learners.filter((each) => each !== now),
        );
    } else if (learners.includes(gone))
      this.#propose(
        leader,
        voters,
        learners.filter((each) => each !== gone),
      );
  }

  #change(): void {
    const { leader } = this.#cluster;
    if (leader === undefined || !this.isChanging || this.wiped() !== null) return;
    const { configuration } = leader.core!.configuration;
    if (isJoint(configuration)) return;
    const { voters, learners } = configuration;
    const members = membersOf(configuration);
    const outside = this.#cluster.nodes.filter((node) => !members.has(node.member)).map((node) => node.member);
    const ready = leader.core!.status.members.filter((each) => each.isCaughtUp).map((each) => each.member);
    const candidates = [...voters, ...learners.filter((member) => ready.includes(member))];
    const votersMin = this.#plan.faults.has('wipe') || this.#plan.faults.has('rot') ? 3 : 1;
    if (outside.length > 0 && this.#random.chance(0.4)) {
      const added = outside[this.#random.below(outside.length)]!;
      this.#propose(leader, voters, [...learners, added]);
      return;
    }
    // Any set of voters at once: growth, removals, swaps, the leader among them.
    // Now and then nearly all of the old ones go at once: then the two halves of the change can have majorities of their own.
    const isRadical = this.#random.chance(0.4);
    const chosen = candidates.filter((member) =>
      this.#random.chance(isRadical && voters.includes(member) ? 0.2 : 0.75),
    );
    if (chosen.length < votersMin) return;
    const rest = [...members].filter((member) => !chosen.includes(member));
    this.#propose(
      leader,
      chosen,
      rest.filter(() => this.#random.chance(0.6)),
    );
  }

  #propose(leader: SimNode, voters: readonly MemberId[], learners: readonly MemberId[]): void {
    const expects = leader.core!.configuration.index;
    leader.command({ kind: 'propose-membership', expects, voters, learners });
  }

  #transfer(): void {
    const { leader } = this.#cluster;
    if (leader === undefined) return;
    const { voters } = leader.core!.configuration.configuration;
    leader.command({ kind: 'transfer', to: voters[this.#random.below(voters.length)]! });
  }
}
