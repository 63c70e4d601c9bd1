/** One core of a swarm: a job comes in, its report goes out. */
import { falsePositives } from '../false-positives.js';
import type { Job, Report } from '../job.js';
import { runSeed } from '../run.js';

process.on('message', (job: Job) => process.send!(reportOf(job)));

function reportOf(job: Job): Report {
  if (job.kind === 'run') return { kind: 'run', result: runSeed(job.seed) };
  return { kind: 'false-positives', isLifeguardOn: job.isLifeguardOn, count: falsePositives(job) };
}
