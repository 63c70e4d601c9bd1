/** One core of a swarm: a seed comes in, its result goes out, with its trace where one was asked for. */
import { parentPort } from 'node:worker_threads';
import { runSeed } from '../run.js';
import type { Job, Report } from '../swarm/swarm.js';

parentPort!.on('message', ({ seed, isTraced }: Job) => {
  const lines: string[] = [];
  const result = runSeed(seed, isTraced ? { onTrace: (line) => void lines.push(line) } : {});
  const report: Report = { result, trace: isTraced ? lines.join('') : null };
  parentPort!.postMessage(report);
});
