import { isJoint, membersOf } from '@commitlog/raft';
import type { Sometimes } from '@commitlog/simulation';
import { ask } from './caller.js';
import type { Member } from './member.js';
import type { World } from './world.js';

/** Puts a wiped disk's new member in its former self's place: first to learn, then to vote. One at a time. */
export class Operator {
  readonly #world: World;
  readonly #sometimes: Sometimes;
  readonly #members: readonly Member[];
  /** Whose disk was wiped, and who is not back yet. */
  wiped: Member | undefined;
  isDone = false;

  constructor(world: World, sometimes: Sometimes, members: readonly Member[]) {
    this.#world = world;
    this.#sometimes = sometimes;
    this.#members = members;
  }

  async run(): Promise<void> {
    while (!this.#world.isHealed || this.wiped !== undefined) {
      await this.#world.wait(200);
      if (this.wiped !== undefined) await this.#swap(this.wiped);
    }
    this.isDone = true;
  }

  async #swap(wiped: Member): Promise<void> {
    const leader = this.#members.find((member) => member.isLeader);
    const id = wiped.log?.member.self;
    if (leader?.log === undefined || id === undefined) return;
    const { configuration, members, commitIndex } = leader.log.member.status;
    const { voters, learners } = configuration.configuration;
    if (isJoint(configuration.configuration)) return;
    if (voters.includes(id)) {
      if (commitIndex < configuration.index) return;
      this.#sometimes.reached('a wiped disk was swapped for its former self');
      this.wiped = undefined;
      return;
    }
    const former = voters.find((voter) => voter.startsWith(`${wiped.node}@`));
    if (former === undefined) this.#world.violated('members', `${wiped.node} has left ${JSON.stringify(voters)}`);
    const isKnown = membersOf(configuration.configuration).has(id);
    const isCaughtUp = members.some(({ member, isCaughtUp }) => member === id && isCaughtUp);
    if (isKnown && !isCaughtUp) return;
    const wanted = isKnown
      ? [voters.map((voter) => (voter === former ? id : voter)), learners.filter((each) => each !== id)]
      : [voters, [...learners, id]];
    this.#world.trace('change', { voters: wanted[0], learners: wanted[1] });
    await ask(leader, this.#world, (log) => log.member.changeMembers(configuration.index, wanted[0]!, wanted[1]!));
  }
}
