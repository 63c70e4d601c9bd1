import { seedsFrom } from '../seeds.js';
import type { Mutant } from './mutant.js';

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

/** What one seed came to, as far as a hunt is concerned. */
export interface HuntedSeed {
  readonly seed: string;
  readonly violation: { readonly invariant: string } | null;
}

export interface HuntInit {
  readonly mutant: Mutant;
  /** A bug that survives so many seeds is a hole in the proof. */
  readonly seedsMax: number;
}

/**
 * Runs a planted bug until an invariant catches it.
 *
 * @param run runs seeds in any order, having begun them in this one, until told `false`; then it reports those under way
 */
export async function hunt(
  { mutant, seedsMax }: HuntInit,
  run: (seeds: readonly string[], onSeed: (result: HuntedSeed) => boolean) => Promise<void>,
): Promise<Hunt> {
  const seeds = seedsFrom(seedBase, seedsMax);
  // Later seeds may end before earlier ones: the first in their order counts, so that two machines agree.
  let first = seeds.length;
  let by: string | null = null;
  await run(seeds, ({ seed, violation }) => {
    const at = seeds.indexOf(seed);
    if (violation !== null && at < first) {
      first = at;
      by = violation.invariant;
    }
    return by === null;
  });
  return { name: mutant.name, caught: by !== null, seeds: by === null ? seeds.length : first + 1, by };
}

/** What became of it, for people. */
export function tellHunt({ name, caught, seeds, by }: Hunt, { trap }: Mutant): string {
  const verdict = caught ? `caught after ${seeds} seeds by "${by}"` : `SURVIVED ${seeds} seeds: ${trap}`;
  return `${name.padEnd(36)} ${verdict}`;
}
