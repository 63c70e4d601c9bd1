/**
 * Bugs planted in sources on the way to a bundle, and the hunt for them: what shows that a simulation would notice.
 *
 * @packageDocumentation
 */
export { type BundleInit, bundleWorker } from './bundle.js';
export { type Hunt, type HuntedSeed, type HuntInit, hunt, tellHunt } from './hunt.js';
export type { Mutant, Patch } from './mutant.js';
