import type { World } from './world.js';

/** What each command is given: the world, and a place for its exit status. */
export interface Invocation {
  readonly world: World;
  /** The absolute form of a path on the command line. */
  readonly pathOf: (path: string) => string;
  /** Set unless it is 0. */
  status: number;
}
