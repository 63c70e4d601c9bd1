import type { Job, Report } from './job.js';

/** One core's worth of a swarm: to a main, a process. */
export interface SwarmWorker {
  on(event: 'message', listener: (report: Report) => void): unknown;
  on(event: 'exit', listener: (code: number | null) => void): unknown;
  send(job: Job): void;
  end(): void;
}

export interface SwarmComponents {
  readonly startWorker: () => SwarmWorker;
  /** Returns false to stop: jobs under way are finished and reported, no more are begun. */
  readonly onReport: (report: Report) => boolean;
}

/**
 * Does jobs on several cores. They begin in the order given and end in any; what each does never depends on that.
 *
 * @throws Error when a worker ends without having reported
 */
export async function runSwarm(
  { jobs, cores }: { readonly jobs: readonly Job[]; readonly cores: number },
  { startWorker, onReport }: SwarmComponents,
): Promise<void> {
  let next = 0;
  let isStopped = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = startWorker();
      let under: Job | undefined;
      const give = (): void => {
        under = isStopped ? undefined : jobs[next];
        next += 1;
        if (under !== undefined) worker.send(under);
        else {
          worker.end();
          resolve();
        }
      };
      worker.on('message', (report) => {
        if (!onReport(report)) isStopped = true;
        give();
      });
      worker.on('exit', (code) => {
        if (under !== undefined) reject(new Error(`a worker ended with ${code} in ${JSON.stringify(under)}`));
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(cores, jobs.length) }, work));
}
