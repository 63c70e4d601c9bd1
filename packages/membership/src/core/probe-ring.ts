import { type Random, randomBelow } from '@commitlog/runtime';

/**
 * Whom to probe next. Round by round, everybody once in each: so that nobody waits for longer than two rounds (SWIM §4.3). Within a round
 * it is the turn of whoever has been silent the longest, and chance decides among equals: who has just been heard is there, and
 * who died is silent from then on, so that a death is found sooner than by chance alone.
 */
export class ProbeRing {
  readonly #random: Random;
  readonly #roundMax: number;
  /** This round's, those whose turn it was first. */
  #names: string[] = [];
  #inRound: Set<string> = new Set();
  #next = 0;

  /** @param roundMax names that one round has at most; whoever comes beyond it has its turn in the next */
  constructor(random: Random, roundMax: number) {
    this.#random = random;
    this.#roundMax = roundMax;
  }

  /** Names that this round has, those whose turn it was too. */
  get size(): number {
    return this.#names.length;
  }

  /**
   * A new member gets a place at random among those whose turn is still to come. Who had its turn waits for the next round, however
   * often it goes and comes back: else it would keep the others from having theirs.
   */
  add(name: string): void {
    if (this.#inRound.has(name) || this.#names.length >= this.#roundMax) return;
    this.#inRound.add(name);
    const left = this.#names.length - this.#next;
    this.#names.splice(this.#next + randomBelow(this.#random, left + 1), 0, name);
  }

  /**
   * The next one, or undefined where nobody is wanted.
   *
   * @param all whom a new round is made of
   * @param heardMs when each was last heard, and undefined for who is not wanted
   */
  next(all: () => Iterable<string>, heardMs: (name: string) => number | undefined): string | undefined {
    const name = this.#takeMostSilent(heardMs);
    if (name !== undefined) return name;
    this.#names = [...all()];
    this.#inRound = new Set(this.#names);
    this.#next = 0;
    this.#shuffle();
    return this.#takeMostSilent(heardMs);
  }

  #takeMostSilent(heardMs: (name: string) => number | undefined): string | undefined {
    let found: number | undefined;
    let foundMs = Number.POSITIVE_INFINITY;
    for (let at = this.#next; at < this.#names.length; at++) {
      const ms = heardMs(this.#names[at]!);
      if (ms !== undefined && ms < foundMs) {
        found = at;
        foundMs = ms;
      }
    }
    if (found === undefined) return undefined;
    const name = this.#names[found]!;
    this.#names[found] = this.#names[this.#next]!;
    this.#next += 1;
    return name;
  }

  #shuffle(): void {
    const names = this.#names;
    for (let at = names.length - 1; at > 0; at--) {
      const other = randomBelow(this.#random, at + 1);
      [names[at], names[other]] = [names[other]!, names[at]!];
    }
  }
}
