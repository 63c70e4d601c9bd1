import { Summary, type Took } from '@commitlog/simulation/swarm';
import type { RunResult } from '../run.js';

/** Fewer seeds than this may well miss a rare state. */
const seedsForAllStates = 300;

/** Adds up what the seeds of a swarm of driven members came to. */
export class DriverSummary extends Summary<RunResult> {
  #commits = 0;

  constructor() {
    super(seedsForAllStates);
  }

  override add(result: RunResult): void {
    super.add(result);
    this.#commits += result.commits;
  }

  report({ wallSeconds, cores }: Took): object {
    return {
      seeds: this.seeds,
      violations: this.violations,
      vacuous: this.vacuous,
      commits: this.#commits,
      simulatedHours: this.simulatedMs / 3_600_000,
      wallSeconds,
      cores,
      timesRealTimePerCore: Math.round(this.simulatedMs / 1000 / wallSeconds / cores),
      sometimes: this.sometimes,
    };
  }
}
