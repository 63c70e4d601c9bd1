/** One core of a swarm of cores of Raft. */
import { parentPort } from 'node:worker_threads';
import { serveSeeds } from '@commitlog/simulation/swarm';
import { runSeed } from '../run.js';

serveSeeds(parentPort!, runSeed);
