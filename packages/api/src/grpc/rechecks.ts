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

  constructor(open: ReadonlySet<Recheckable>, nowMs: () => number = () => performance.now()) {
    this.#open = open;
    this.#nowMs = nowMs;
  }

  /** After each change of the policy. */
  begin(): void {
    for (const one of this.#open) one.markStale();
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#continue(this.#steps());
  }

  /** Goes round until nothing is stale: what was checked before a further change has its turn again after all others. */
  *#steps(): Generator<undefined> {
    for (let hasStale = true; hasStale; ) {
      hasStale = false;
      for (const one of this.#open) {
        if (!one.isStale) continue;
        hasStale = true;
        yield* one.recheck();
      }
    }
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
