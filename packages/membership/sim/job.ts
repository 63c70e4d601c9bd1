import type { RunResult } from './run.js';

/** What a process is asked to do. */
export type Job =
  | { readonly kind: 'run'; readonly seed: string }
  | { readonly kind: 'false-positives'; readonly seed: string; readonly isLifeguardOn: boolean };

/** What came of it. */
export type Report =
  | { readonly kind: 'run'; readonly result: RunResult }
  | { readonly kind: 'false-positives'; readonly isLifeguardOn: boolean; readonly count: number };
