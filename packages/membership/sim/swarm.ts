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
  readonly onReport: (report: Report) => void;
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
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = startWorker();
      let under: Job | undefined;
      const give = (): void => {
        under = jobs[next];
        next += 1;
        if (under !== undefined) worker.send(under);
        else {
          worker.end();
          resolve();
        }
      };
      worker.on('message', (report) => {
        onReport(report);
        give();
      });
      worker.on('exit', (code) => {
        if (under !== undefined) reject(new Error(`a worker ended with ${code} in ${JSON.stringify(under)}`));
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(cores, jobs.length) }, work));
}

/** `count` seeds that belong to `base`, and to no other base nearby. */
export function seedsFrom(base: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `0x${((base + Math.imul(at, 0x9e3779b1)) >>> 0).toString(16)}`);
}
