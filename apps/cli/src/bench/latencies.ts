import { createHistogram } from 'node:perf_hooks';

/** How many decimals of a ms are worth telling. */
const decimals = 3;

/** What so many times came to, in ms. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Times, counted in a histogram: however many there are, it takes the same room, and each is right to three digits. */
export class Latencies {
  readonly #micros = createHistogram({ figures: 3 });

  record(ms: number): void {
    this.#micros.record(Math.max(1, Math.round(ms * 1000)));
  }

  get percentiles(): Percentiles {
    if (this.#micros.count === 0) return { p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
    const msAt = (percentile: number): number => rounded(this.#micros.percentile(percentile) / 1000);
    return {
      p50Ms: msAt(50),
      p90Ms: msAt(90),
      p99Ms: msAt(99),
      p999Ms: msAt(99.9),
      maxMs: rounded(this.#micros.max / 1000),
    };
  }
}

function rounded(ms: number): number {
  return Number(ms.toFixed(decimals));
}
