import type { SeededRandom } from '@commitlog/simulation';
import type { MemberId, Membership } from '../../src/index.js';
import { pick } from './plan.js';

export interface Standing extends Membership {
  /** Nodes that are no members. */
  readonly strangers: readonly MemberId[];
  /** Learners that may become voters, and voters. */
  readonly caughtUp: readonly MemberId[];
}

/** Other members than there are, and the state that is reached when they are committed; null when there is nothing to change. */
export function drawMembership(
  random: SeededRandom,
  { voters, learners, strangers, caughtUp }: Standing,
): (Membership & { readonly what: string }) | null {
  const ready = learners.filter((learner) => caughtUp.includes(learner));
  const without = (from: readonly MemberId[], member: MemberId): MemberId[] => from.filter((each) => each !== member);
  switch (random.below(4)) {
    case 0:
      if (strangers.length === 0) return null;
      return { voters, learners: [...learners, pick(random, strangers)], what: 'a node was added' };
    case 1: {
      if (ready.length === 0) return null;
      const [voter, learner] = [pick(random, voters), pick(random, ready)];
      return {
        voters: [...without(voters, voter), learner],
        learners: [...without(learners, learner), voter],
        what: 'a voter was swapped for a learner',
      };
    }
    case 2: {
      if (ready.length === 0) return null;
      const learner = pick(random, ready);
      return { voters: [...voters, learner], learners: without(learners, learner), what: 'a node was added' };
    }
    default: {
      if (voters.length < 3 && learners.length === 0) return null;
      const member = pick(random, voters.length < 3 ? learners : [...voters, ...learners]);
      return {
        voters: without(voters, member),
        learners: without(learners, member),
        what: 'a member was removed',
      };
    }
  }
}
