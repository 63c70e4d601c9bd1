import type { SeedJob, SeedReport, SeedResult } from './seed.js';

/** Where jobs come from and reports go: to a worker thread, its `parentPort`. */
export interface Port {
  on(event: 'message', listener: (job: unknown) => void): unknown;
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
 * @param beside does what else the simulation's workers are asked: jobs that have no `isTraced`
 */
export function serveSeeds<Result extends SeedResult, BesideJob extends object = never>(
  port: Port,
  run: (seed: string, traced: Traced) => Result | Promise<Result>,
  beside?: (job: BesideJob) => object,
): void {
  const answer = async ({ seed, isTraced }: SeedJob): Promise<SeedReport<Result>> => {
    const lines: string[] = [];
    const result = await run(seed, isTraced ? { onTrace: (line) => void lines.push(line) } : {});
    return { result, trace: isTraced ? lines.join('') : null };
  };
  port.on('message', (message) => {
    const job = message as SeedJob | BesideJob;
    if ('isTraced' in job) void answer(job).then((report) => port.postMessage(report));
    else port.postMessage(beside!(job));
  });
}
