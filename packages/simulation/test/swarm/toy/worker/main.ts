import { parentPort } from 'node:worker_threads';
import { serveSeeds } from '../../../../src/swarm/index.js';
import { runSeed } from '../run.js';

serveSeeds(parentPort!, runSeed);
