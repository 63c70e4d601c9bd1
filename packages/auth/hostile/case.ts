import type { Ground } from './ground.js';

/** One thing that somebody hostile, or careless, does to the server. */
export interface Case {
  readonly name: string;
  /** Throws when the server did not answer as it must; returns why it was skipped, or `undefined`. */
  readonly run: (ground: Ground) => Promise<string | undefined>;
}

/** A case that is never skipped. */
export function always(name: string, run: (ground: Ground) => Promise<unknown>): Case {
  return {
    name,
    run: async (ground) => {
      await run(ground);
      return undefined;
    },
  };
}
