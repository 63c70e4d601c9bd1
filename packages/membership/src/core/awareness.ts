/**
 * Lifeguard's local health multiplier (§IV-A): how much this member should distrust itself. Each sign that it is slow raises it, each
 * probe that goes well lowers it; its patience with others grows in proportion.
 */
export class Awareness {
  readonly #max: number;
  #score = 0;

  /** @param multiplierMax 1 switches it off */
  constructor(multiplierMax: number) {
    this.#max = multiplierMax - 1;
  }

  /** 0 when healthy. */
  get score(): number {
    return this.#score;
  }

  apply(delta: number): void {
    this.#score = Math.min(this.#max, Math.max(0, this.#score + delta));
  }

  scale(ms: number): number {
    return ms * (this.#score + 1);
  }
}
