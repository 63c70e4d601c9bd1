/** What one seed's run came to. A simulation adds what is its own. */
export interface SeedResult {
  readonly seed: string;
  readonly violation: { readonly invariant: string; readonly what: string; readonly atMs: number } | null;
  /** Why this run proves nothing, or null. */
  readonly vacuous: string | null;
  readonly simulatedMs: number;
  /** How often each of the rare states was reached. */
  readonly sometimes: Readonly<Record<string, number>>;
  /** The SHA-256 of the trace, where the simulation has one and it was asked for. */
  readonly traceHash?: string | null;
}

/** What a worker is asked to do, */
export interface SeedJob {
  readonly seed: string;
  readonly isTraced: boolean;
}

/** and what it answers. */
export interface SeedReport<Result extends SeedResult> {
  readonly result: Result;
  /** The NDJSON of the run, or null. */
  readonly trace: string | null;
}

/** Whether a run shows what it is for. */
export function isGood({ violation, vacuous }: SeedResult): boolean {
  return violation === null && vacuous === null;
}
