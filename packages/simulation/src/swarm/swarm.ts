/** One core's worth of a swarm: to a main, a worker thread. */
export interface SwarmWorker<Job, Report> {
  on(event: 'message', listener: (report: Report) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  postMessage(job: Job): void;
  terminate(): Promise<unknown>;
}

export interface SwarmInit<Job> {
  readonly jobs: readonly Job[];
  readonly cores: number;
}

export interface SwarmComponents<Job, Report> {
  readonly startWorker: () => SwarmWorker<Job, Report>;
  /** Returns false to stop: jobs under way are finished and reported, no more are begun. */
  readonly onReport: (report: Report) => boolean;
}

/**
 * Does jobs on several cores. They begin in the order given and end in any; which are done up to the one that stopped it, and what each
 * does, never depends on that.
 *
 * @throws Error when a worker ends in the middle of a job, or as its `error` says
 */
export async function runSwarm<Job, Report>(
  { jobs, cores }: SwarmInit<Job>,
  { startWorker, onReport }: SwarmComponents<Job, Report>,
): Promise<void> {
  let next = 0;
  let isStopped = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = startWorker();
      let job: Job | undefined;
      const give = (): void => {
        job = isStopped ? undefined : jobs[next];
        next += 1;
        if (job !== undefined) worker.postMessage(job);
        else void worker.terminate().then(() => resolve());
      };
      worker.on('message', (report) => {
        if (!onReport(report)) isStopped = true;
        give();
      });
      worker.on('error', reject);
      worker.on('exit', (code) => {
        if (job !== undefined) reject(new Error(`a worker ended with ${code} in ${JSON.stringify(job)}`));
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(cores, jobs.length) }, work));
}
