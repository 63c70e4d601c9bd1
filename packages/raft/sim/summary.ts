import { Summary, type Took } from '@commitlog/simulation/swarm';
import type { RunResult } from './run.js';

/** Fewer seeds than this may well miss a rare state. */
const seedsForAllStates = 300;

/** Adds up what the seeds of a swarm of cores came to. */
export class RaftSummary extends Summary<RunResult> {
  #commits = 0;
  #events = 0;

  constructor() {
    super(seedsForAllStates);
  }

  override add(result: RunResult): void {
    super.add(result);
    this.#commits += result.commits;
    this.#events += result.events;
  }

  report({ wallSeconds, cores }: Took): object {
    const simulatedSeconds = this.simulatedMs / 1000;
    return {
      seeds: this.seeds,
      violations: this.violations,
      vacuous: this.vacuous,
      commits: this.#commits,
      simulatedHours: this.simulatedMs / 3_600_000,
      wallSeconds,
      cores,
      eventsPerSecond: Math.round(this.#events / wallSeconds),
      timesRealTimePerCore: Math.round(simulatedSeconds / wallSeconds / cores),
      commitsPerSimulatedSecond: Math.round(this.#commits / simulatedSeconds),
      sometimes: this.sometimes,
    };
  }
}
