/**
 * Swarms of simulated runs, one per seed, on several cores: what a run comes to, how many are added up, and what is said of them.
 * `@commitlog/simulation/main` makes a command of it.
 *
 * @packageDocumentation
 */
export { type Flags, type FlagsComponents, type FlagsInit, readFlags } from './flags.js';
export { isGood, type SeedJob, type SeedReport, type SeedResult } from './seed.js';
export { type Port, serveSeeds, type Traced } from './serve.js';
export { Summary, type Took } from './summary.js';
export { runSwarm, type SwarmComponents, type SwarmInit, type SwarmWorker } from './swarm.js';
export { tellProgress, tellSeed } from './tell.js';
