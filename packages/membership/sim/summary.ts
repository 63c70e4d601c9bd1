import { Summary, type Took } from '@commitlog/simulation/swarm';
import type { FalsePositives } from './false-positives.js';
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
export class MembershipSummary extends Summary<RunResult, FalsePositives> {
  readonly falsePositives: { lifeguard: number; plain: number } = { lifeguard: 0, plain: 0 };
  #above100 = 0;
  #events = 0;
  readonly #detectMs: number[] = [];

  constructor() {
    super(seedsForAllStates);
  }

  override add(result: RunResult): void {
    super.add(result);
    if (result.nodes > 100) this.#above100 += 1;
    this.#events += result.events;
    this.#detectMs.push(...result.detectMs);
  }

  override addBeside({ isLifeguardOn, count }: FalsePositives): void {
    this.falsePositives[isLifeguardOn ? 'lifeguard' : 'plain'] += count;
  }

  override get complaints(): string[] {
    const { lifeguard, plain } = this.falsePositives;
    const complaints = super.complaints;
    if (plain < plainMin) complaints.push(`only ${plain} false positives without Lifeguard: too few to spare any`);
    if (lifeguard * sparedTimes > plain) {
      complaints.push(`${lifeguard} false positives with Lifeguard, ${plain} without: not ${sparedTimes} times fewer`);
    }
    if (this.seeds >= seedsForTimes && this.#detectMs.length === 0)
      complaints.push('no kill was timed: no seed had the times of the LAN profile');
    return complaints;
  }

  report({ wallSeconds }: Pick<Took, 'wallSeconds'>): SummaryReport {
    return {
      seeds: this.seeds,
      violations: this.violations,
      wallSeconds: Math.round(wallSeconds * 10) / 10,
      detectMs: { p50: percentile(this.#detectMs, 0.5), p99: percentile(this.#detectMs, 0.99) },
      falsePositives: this.falsePositives,
      vacuous: this.vacuous,
      above100Nodes: this.#above100,
      simulatedHours: Math.round(this.simulatedMs / 36_000) / 100,
      eventsPerSecond: Math.round(this.#events / wallSeconds),
      sometimes: this.sometimes,
    };
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
}
