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

/** One core's worth of a swarm: to a main, a worker thread. */
export interface SwarmWorker {
  on(event: 'message', listener: (report: Report) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  postMessage(job: Job): void;
  terminate(): Promise<unknown>;
}

export interface SwarmInit {
  readonly seeds: readonly string[];
  readonly cores: number;
  readonly isTraced?: boolean;
}

export interface SwarmComponents {
  readonly startWorker: () => SwarmWorker;
  /** Returns false to stop: seeds under way are finished and reported, no more are begun. */
  readonly onResult: (result: RunResult, trace: string | null) => boolean;
}

/**
 * Runs seeds on several cores. They begin in the order given and end in any; which seeds run up to the one that stopped it, and
 * what each does, never depends on that.
 */
export async function runSwarm(init: SwarmInit, { startWorker, onResult }: SwarmComponents): Promise<void> {
  const { seeds, cores, isTraced = false } = init;
  let next = 0;
  let isStopped = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = startWorker();
      const give = (): void => {
        const seed = isStopped ? undefined : seeds[next];
        next += 1;
        if (seed !== undefined) worker.postMessage({ seed, isTraced });
        else void worker.terminate().then(() => resolve());
      };
      worker.on('message', ({ result, trace }) => {
        if (!onResult(result, trace)) isStopped = true;
        give();
      });
      worker.on('error', reject);
      give();
    });
  await Promise.all(Array.from({ length: Math.min(cores, seeds.length) }, work));
}
