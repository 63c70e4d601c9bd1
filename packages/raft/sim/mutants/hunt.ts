import { runSwarm, type SwarmWorker, seedsFrom } from '../swarm/swarm.js';
import type { Mutant } from './mutant.js';

/** A bug that survives so many seeds is a hole in the proof. */
const seedsMax = 1000;
/**
 * The same seeds for every commit: whether a bug is caught, and after how many of them, is a property of the code and of nothing
 * else.
 */
const seedBase = 0x5eed;

export interface Hunt {
  readonly name: string;
  readonly caught: boolean;
  /** How many seeds it took, the catching one included; all of them where it survived. */
  readonly seeds: number;
  /** The invariant that broke, or null. */
  readonly by: string | null;
}

/** Runs a planted bug until an invariant catches it. */
export async function hunt(mutant: Mutant, cores: number, startWorker: () => SwarmWorker): Promise<Hunt> {
  const seeds = seedsFrom(seedBase, seedsMax);
  // Later seeds may end before earlier ones: the first in their order counts, so that two machines agree.
  let first = seeds.length;
  let by: string | null = null;
  await runSwarm(
    { seeds, cores },
    {
      startWorker,
      onResult: ({ seed, violation }) => {
        const at = seeds.indexOf(seed);
        if (violation !== null && at < first) {
          first = at;
          by = violation.invariant;
        }
        return by === null;
      },
    },
  );
  return { name: mutant.name, caught: by !== null, seeds: by === null ? seeds.length : first + 1, by };
}
