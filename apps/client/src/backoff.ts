import type { Random } from '@commitlog/runtime';

const firstMs = 20;
const maxMs = 1000;

/** How long to wait before the next try: twice as long each time, and never the same for all clients. */
export class Backoff {
  readonly #random: Random;
  #tries = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Since it last went well. */
  get tries(): number {
    return this.#tries;
  }

  nextMs(): number {
    const ceilingMs = Math.min(maxMs, firstMs * 2 ** Math.min(this.#tries, 20));
    this.#tries += 1;
    return (ceilingMs * (1 + this.#random.uint32() / 2 ** 32)) / 2;
  }

  reset(): void {
    this.#tries = 0;
  }
}
