/** One core of a swarm of replicated logs: a seed comes in, its result goes out, with its trace where one was asked for. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { Job, Report } from '../job.js';
import { runSeed } from '../run.js';

// Promises alone never let the event loop turn: once it does, nothing waits on them any more.
const drain = (): Promise<void> => nextTurn();

let unhandled = (error: unknown): void => {
  throw error;
};
process.on('unhandledRejection', (error) => unhandled(error));
const onUnhandled = (tell: (error: unknown) => void): void => {
  unhandled = tell;
};

async function run({ seed, isTraced }: Job): Promise<Report> {
  const lines: string[] = [];
  const traced = isTraced && { onTrace: (line: string) => void lines.push(line) };
  const result = await runSeed(seed, { drain, onUnhandled, ...traced });
  return { result, trace: isTraced ? lines.join('') : null };
}

parentPort!.on('message', (job: Job) => void run(job).then((report) => parentPort!.postMessage(report)));
