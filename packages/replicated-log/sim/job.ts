import type { RunResult } from './run.js';

/** What a core is asked to do, and what it answers. */
export interface Job {
  readonly seed: string;
  readonly isTraced: boolean;
}
export interface Report {
  readonly result: RunResult;
  /** The NDJSON of the run, or null. */
  readonly trace: string | null;
}
