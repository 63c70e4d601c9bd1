import type { Report } from './job.js';
import type { RunResult } from './run.js';

/** So many seeds that every rare state must have been reached: one that was not is a hole in the proof. */
const seedsForAllStates = 300;

/** Of so many seeds some have the times of the LAN profile. */
const seedsForTimes = 20;

/** Without Lifeguard there must be so many false positives, or there is nothing to spare, */
const plainMin = 500;
/** and with it so many times fewer. */
const sparedTimes = 50;

/** What is said at the end. `seeds` to `falsePositives` are what others read; more may be added. */
export interface SummaryReport {
  readonly seeds: number;
  readonly violations: number;
  readonly wallSeconds: number;
  readonly detectMs: { readonly p50: number; readonly p99: number };
  /** How often healthy members were taken for failed, with Lifeguard and without. */
  readonly falsePositives: { readonly lifeguard: number; readonly plain: number };
  readonly vacuous: number;
  readonly above100Nodes: number;
  readonly simulatedHours: number;
  readonly eventsPerSecond: number;
  readonly sometimes: Readonly<Record<string, number>>;
}

/** Adds up what the seeds of a swarm came to. */
export class Summary {
  readonly falsePositives: { lifeguard: number; plain: number } = { lifeguard: 0, plain: 0 };
  seeds = 0;
  violations = 0;
  vacuous = 0;
  #above100 = 0;
  #simulatedMs = 0;
  #events = 0;
  readonly #detectMs: number[] = [];
  readonly #sometimes: Record<string, number> = {};

  add(report: Report): void {
    if (report.kind === 'run') this.#addRun(report.result);
    else if (report.isLifeguardOn) this.falsePositives.lifeguard += report.count;
    else this.falsePositives.plain += report.count;
  }

  /** What the sum of all seeds shows to be wrong, where no single one does; in words. */
  get complaints(): string[] {
    const { lifeguard, plain } = this.falsePositives;
    const complaints: string[] = [];
    if (this.#unreached.length > 0) complaints.push(`never reached: ${this.#unreached.join('; ')}`);
    if (plain < plainMin) complaints.push(`only ${plain} false positives without Lifeguard: too few to spare any`);
    if (lifeguard * sparedTimes > plain) {
      complaints.push(`${lifeguard} false positives with Lifeguard, ${plain} without: not ${sparedTimes} times fewer`);
    }
    if (this.seeds >= seedsForTimes && this.#detectMs.length === 0)
      complaints.push('no kill was timed: no seed had the times of the LAN profile');
    return complaints;
  }

  get isGood(): boolean {
    return this.violations === 0 && this.vacuous === 0 && this.complaints.length === 0;
  }

  /** States that should have been reached and were not. */
  get #unreached(): string[] {
    if (this.seeds < seedsForAllStates) return [];
    return Object.keys(this.#sometimes).filter((state) => this.#sometimes[state] === 0);
  }

  report(wallSeconds: number): SummaryReport {
    return {
      seeds: this.seeds,
      violations: this.violations,
      wallSeconds: Math.round(wallSeconds * 10) / 10,
      detectMs: { p50: percentile(this.#detectMs, 0.5), p99: percentile(this.#detectMs, 0.99) },
      falsePositives: this.falsePositives,
      vacuous: this.vacuous,
      above100Nodes: this.#above100,
      simulatedHours: Math.round(this.#simulatedMs / 36_000) / 100,
      eventsPerSecond: Math.round(this.#events / wallSeconds),
      sometimes: this.#sometimes,
    };
  }

  #addRun(result: RunResult): void {
    this.seeds += 1;
    if (result.violation !== null) this.violations += 1;
    else if (result.vacuous !== null) this.vacuous += 1;
    if (result.nodes > 100) this.#above100 += 1;
    this.#simulatedMs += result.simulatedMs;
    this.#events += result.events;
    this.#detectMs.push(...result.detectMs);
    for (const [state, count] of Object.entries(result.sometimes)) {
      this.#sometimes[state] = (this.#sometimes[state] ?? 0) + count;
    }
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
}
