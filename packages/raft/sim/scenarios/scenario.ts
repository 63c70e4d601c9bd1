/** A named situation, and what must come of it. */
export interface Scenario {
  readonly name: string;
  /** Which suite asks for it. */
  readonly source: string;
  /** Throws when the outcome is wrong. */
  readonly run: () => void;
}

export function scenariosOf(source: string, runs: Readonly<Record<string, () => void>>): Scenario[] {
  return Object.entries(runs).map(([name, run]) => ({ name, source, run }));
}
