import type { Clock } from '@commitlog/runtime';

/** So many in a second, on average: as many may come at once, and what was taken comes back evenly (a token bucket). */
export class RateLimit {
  readonly #perSecondMax: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #left: number;
  #refilledMs: number;

  constructor(perSecondMax: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#perSecondMax = perSecondMax;
    this.#clock = clock;
    this.#left = perSecondMax;
    this.#refilledMs = clock.monotonicMs();
  }

  /** Whether there is one more; it is taken. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const refill = ((nowMs - this.#refilledMs) * this.#perSecondMax) / 1_000;
    this.#left = Math.min(this.#perSecondMax, this.#left + refill);
    this.#refilledMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
