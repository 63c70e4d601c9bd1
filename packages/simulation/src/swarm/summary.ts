import type { SeedResult } from './seed.js';

/** How long a swarm took, and on how many cores. */
export interface Took {
  readonly wallSeconds: number;
  readonly cores: number;
}

/** Adds up what the seeds of a swarm came to, and says whether that is good. A simulation adds what is its own. */
export abstract class Summary<Result extends SeedResult, Beside = never> {
  seeds = 0;
  violations = 0;
  /** Runs that prove nothing, of those that violate nothing. */
  vacuous = 0;
  simulatedMs = 0;
  readonly sometimes: Record<string, number> = {};
  readonly #seedsForAllStates: number;

  /** @param seedsForAllStates fewer may well miss a rare state; with so many, one that is never reached is a hole in the proof */
  constructor(seedsForAllStates: number) {
    this.#seedsForAllStates = seedsForAllStates;
  }

  add(result: Result): void {
    this.seeds += 1;
    if (result.violation !== null) this.violations += 1;
    else if (result.vacuous !== null) this.vacuous += 1;
    this.simulatedMs += result.simulatedMs;
    for (const [state, count] of Object.entries(result.sometimes)) {
      this.sometimes[state] = (this.sometimes[state] ?? 0) + count;
    }
  }

  /** What was found out beside the seeds. */
  addBeside(_beside: Beside): void {}

  /** What the sum of all seeds shows to be wrong, where no single one does; in words. */
  get complaints(): string[] {
    if (this.seeds < this.#seedsForAllStates) return [];
    const unreached = Object.keys(this.sometimes).filter((state) => this.sometimes[state] === 0);
    return unreached.length === 0 ? [] : [`never reached: ${unreached.join('; ')}`];
  }

  get isGood(): boolean {
    return this.violations === 0 && this.vacuous === 0 && this.complaints.length === 0;
  }

  /** What is said at the end. */
  abstract report(took: Took): object;
}
