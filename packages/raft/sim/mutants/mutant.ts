import type { Patch } from '../swarm/bundle.js';

/** A planted bug: a trap that somebody fell into, or a rule taken away. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it, and where it happened where it did. */
  readonly trap: string;
  readonly patches: readonly Patch[];
  /** To be caught by the simulation of the shipped driver, not by that of the core. */
  readonly isDriven?: boolean;
}
