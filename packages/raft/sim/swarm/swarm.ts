import { Worker } from 'node:worker_threads';
import type { RunResult } from '../run.js';

/** What a core is asked to do, and what it answers. */
export interface Job {
  readonly seed: string;
  readonly isTraced: boolean;
}
export interface Report {
  readonly result: RunResult;
  /** The NDJSON of the run, or null. */
  readonly trace: string | null;
}

/**
 * Runs seeds on several cores. Results come in any order; which seeds run, and what each does, never depends on it.
 *
 * @param onResult returns false to stop: seeds under way are finished and reported, no more are begun
 */
export async function runSwarm(
  bundle: string,
  seeds: readonly string[],
  cores: number,
  onResult: (result: RunResult, trace: string | null) => boolean,
  isTraced = false,
): Promise<void> {
  let next = 0;
  let isStopped = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(bundle);
      const give = (): void => {
        const seed = isStopped ? undefined : seeds[next];
        next += 1;
        if (seed !== undefined) worker.postMessage({ seed, isTraced } satisfies Job);
        else void worker.terminate().then(() => resolve());
      };
      worker.on('message', ({ result, trace }: Report) => {
        if (!onResult(result, trace)) isStopped = true;
        give();
      });
      worker.on('error', reject);
      give();
    });
  await Promise.all(Array.from({ length: Math.min(cores, seeds.length) }, work));
}

/** `count` seeds that belong to `base`, and to no other base nearby. */
export function seedsFrom(base: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `0x${((base + Math.imul(at, 0x9e3779b1)) >>> 0).toString(16)}`);
}
