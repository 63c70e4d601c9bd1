/** One core of a swarm: seeds, and false positives to count. */
import { parentPort } from 'node:worker_threads';
import { serveSeeds } from '@commitlog/simulation/swarm';
import { type FalsePositives, falsePositives, type SlowInit } from '../false-positives.js';
import { runSeed } from '../run.js';

const count = (job: SlowInit): FalsePositives => ({
  isLifeguardOn: job.isLifeguardOn,
  count: falsePositives(job),
});

serveSeeds(parentPort!, (seed) => runSeed(seed), count);
