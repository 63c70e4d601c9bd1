/** One core of a swarm of replicated logs. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { serveSeeds } from '@commitlog/simulation/swarm';
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

serveSeeds(parentPort!, (seed, traced) => runSeed(seed, { drain, onUnhandled, ...traced }));
