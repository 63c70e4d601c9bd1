import { bundleWorker } from '../swarm/bundle.js';
import { runSwarm, seedsFrom } from '../swarm/swarm.js';
import { mutants } from './mutants.js';

/** A bug that survives so many seeds is a hole in the proof. */
const seedsMax = 300;

interface Catch {
  readonly name: string;
  readonly caught: boolean;
  readonly seeds: number;
  readonly by: string | null;
}

/** Runs every planted bug until an invariant catches it. Returns whether each was caught. */
export async function runMutants(options: {
  readonly cores: number;
  readonly isJson: boolean;
  readonly only: string | undefined;
}): Promise<boolean> {
  const results: Catch[] = [];
  for (const mutant of mutants) {
    if (options.only !== undefined && !mutant.name.includes(options.only)) continue;
    const bundle = await bundleWorker(mutant.patches);
    let seeds = 0;
    let by: string | null = null;
    // Seeds of their own: a mutant's count means the same from one commit to the next.
    await runSwarm(bundle, seedsFrom(0x5eed, seedsMax), options.cores, (result) => {
      seeds += 1;
      by ??= result.violation?.invariant ?? null;
      return by === null;
    });
    const result = { name: mutant.name, caught: by !== null, seeds, by };
    results.push(result);
    if (!options.isJson) {
      const verdict = result.caught
        ? `caught after ${seeds} seeds by "${by}"`
        : `SURVIVED ${seeds} seeds: ${mutant.trap}`;
      console.log(`${mutant.name.padEnd(36)} ${verdict}`);
    }
  }
  if (options.isJson) console.log(JSON.stringify({ mutants: results }));
  else console.log(`${results.filter((each) => each.caught).length} of ${results.length} planted bugs caught`);
  return results.every((each) => each.caught);
}
