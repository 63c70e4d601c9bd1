import type { Mutant as PlantedBug } from '@commitlog/simulation/mutants';

/** A bug planted in Raft. Its patches are of files below `src`. */
export interface Mutant extends PlantedBug {
  /** To be caught by the simulation of the shipped driver, not by that of the core. */
  readonly isDriven?: boolean;
}
