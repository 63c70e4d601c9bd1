/** How long checks go on before everything else has its turn, in milliseconds. */
const sliceMs = 10;

/** What was let in by a policy, and must be asked about again when that has changed. */
export interface Recheckable {
  /** The policy has changed. */
  markStale(): void;
  readonly isStale: boolean;
  /** Asks again, one decision with each step; not stale any more when it has come to its end. */
  recheck(): Iterable<undefined>;
}

/**
 * Asks again about everything that is open, in slices. Thousands of streams whose logs are all new to a changed policy take seconds: done at one go, that
 * would keep heartbeats waiting for as long.
 */
export class Rechecks {
  readonly #open: ReadonlySet<Recheckable>;
  readonly #nowMs: () => number;
  #isUnderWay = false;
  /** Whether there may be stale ones that nobody has begun with. */
  #hasChanged = false;

  constructor(open: ReadonlySet<Recheckable>, nowMs: () => number = () => performance.now()) {
    this.#open = open;
    this.#nowMs = nowMs;
  }

  /** After each change of the policy. */
  begin(): void {
    for (const one of this.#open) one.markStale();
    this.#hasChanged = true;
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#continue(this.#steps());
  }

  /**
   * Goes round until nothing is stale, one decision of each at a time: a call that stands on a thousand keeps no other waiting. What was checked before a
   * further change begins again.
   */
  *#steps(): Generator<undefined> {
    const underWay = new Map<Recheckable, Iterator<undefined> | undefined>();
    while (this.#hasChanged || underWay.size > 0) {
      if (this.#hasChanged) this.#takeStale(underWay);
      // One that is set again keeps its place.
      for (const [one, begun] of underWay) {
        const isGone = !this.#open.has(one);
        if (isGone || (begun === undefined && !one.isStale)) {
          underWay.delete(one);
          continue;
        }
        const steps = begun ?? one.recheck()[Symbol.iterator]();
        const { done } = steps.next();
        underWay.set(one, done ? undefined : steps);
        if (!done) yield;
      }
    }
  }

  #takeStale(underWay: Map<Recheckable, Iterator<undefined> | undefined>): void {
    this.#hasChanged = false;
    for (const one of this.#open) if (one.isStale && !underWay.has(one)) underWay.set(one, undefined);
  }

  #continue(steps: Iterator<undefined>): void {
    const untilMs = this.#nowMs() + sliceMs;
    while (this.#nowMs() < untilMs) {
      if (!steps.next().done) continue;
      this.#isUnderWay = false;
      return;
    }
    setImmediate(() => this.#continue(steps));
  }
}
