import { Summary, type Took } from '@commitlog/simulation/swarm';
import type { RunResult } from './run.js';

/** Fewer seeds than this may well miss a rare state. */
const seedsForAllStates = 200;

/** Adds up what the seeds of a swarm came to. */
export class LogSummary extends Summary<RunResult> {
  #acknowledged = 0;

  constructor() {
    super(seedsForAllStates);
  }

  override add(result: RunResult): void {
    super.add(result);
    this.#acknowledged += result.acknowledged;
  }

  report({ wallSeconds, cores }: Took): object {
    return {
      seeds: this.seeds,
      violations: this.violations,
      vacuous: this.vacuous,
      acknowledged: this.#acknowledged,
      simulatedHours: this.simulatedMs / 3_600_000,
      wallSeconds,
      cores,
      sometimes: this.sometimes,
    };
  }
}
