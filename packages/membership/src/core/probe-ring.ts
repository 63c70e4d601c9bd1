import { type Random, randomBelow } from '@commitlog/runtime';

/**
 * Whom to probe next. Round by round, each in an order of its own: so that everybody is probed within two rounds by everybody, and
 * nobody has to wait for luck (SWIM §4.3).
 */
export class ProbeRing {
  readonly #random: Random;
  #names: string[] = [];
  #next = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A new member gets a place at random among those whose turn is still to come. */
  add(name: string): void {
    const left = this.#names.length - this.#next;
    this.#names.splice(this.#next + randomBelow(this.#random, left + 1), 0, name);
  }

  /**
   * The next one who is wanted, or undefined where nobody is.
   *
   * @param all whom a new round is made of
   */
  next(all: () => Iterable<string>, isWanted: (name: string) => boolean): string | undefined {
    for (let rounds = 0; rounds < 2; rounds++) {
      while (this.#next < this.#names.length) {
        const name = this.#names[this.#next]!;
        this.#next += 1;
        if (isWanted(name)) return name;
      }
      this.#names = [...all()].filter(isWanted);
      this.#next = 0;
      this.#shuffle();
    }
    return undefined;
  }

  #shuffle(): void {
    const names = this.#names;
    for (let at = names.length - 1; at > 0; at--) {
      const other = randomBelow(this.#random, at + 1);
      [names[at], names[other]] = [names[other]!, names[at]!];
    }
  }
}
