import type { SeedJob, SeedReport, SeedResult } from './seed.js';

/** Where jobs come from and reports go: to a worker thread, its `parentPort`. */
export interface Port {
  on(event: 'message', listener: (job: SeedJob) => void): unknown;
  postMessage(report: unknown): void;
}

/** Given only where a trace was asked for. */
export interface Traced {
  readonly onTrace?: (line: string) => void;
}

/**
 * One core of a swarm: a seed comes in, its result goes out, with its trace where one was asked for.
 *
 * @param run one run; what it throws ends the worker
 */
export function serveSeeds<Result extends SeedResult>(
  port: Port,
  run: (seed: string, traced: Traced) => Result | Promise<Result>,
): void {
  const answer = async ({ seed, isTraced }: SeedJob): Promise<void> => {
    const lines: string[] = [];
    const result = await run(seed, isTraced ? { onTrace: (line) => void lines.push(line) } : {});
    const report: SeedReport<Result> = { result, trace: isTraced ? lines.join('') : null };
    port.postMessage(report);
  };
  port.on('message', (job) => void answer(job));
}
