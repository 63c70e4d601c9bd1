import { parentPort } from 'node:worker_threads';
import { runSeed } from '../run.js';

/** One core of a swarm: a seed comes in, its result goes out. */
parentPort!.on('message', (seed: string) => parentPort!.postMessage(runSeed(seed)));
