import type { Index } from './entry.js';

/** The entries that the disk can no longer read. Asked for its lowest with every append, and changed seldom. */
export class Holes implements Iterable<Index> {
  readonly #indexes: Set<Index>;
  /** The lowest; null when it has to be looked for. */
  #first: Index | null = null;

  constructor(indexes: Iterable<Index>) {
    this.#indexes = new Set(indexes);
  }

  get size(): number {
    return this.#indexes.size;
  }

  /** The lowest, or infinity: nothing from there on is acknowledged. */
  get first(): Index {
    if (this.#first === null) {
      this.#first = Number.POSITIVE_INFINITY;
      for (const index of this.#indexes) this.#first = Math.min(this.#first, index);
    }
    return this.#first;
  }

  has(index: Index): boolean {
    return this.#indexes.has(index);
  }

  add(index: Index): void {
    this.#indexes.add(index);
    if (this.#first !== null) this.#first = Math.min(this.#first, index);
  }

  delete(index: Index): void {
    if (this.#indexes.delete(index) && index === this.#first) this.#first = null;
  }

  /** Forgets those from `from` to `to`, both included. */
  deleteBetween(from: Index, to: Index): void {
    for (const index of this.#indexes) if (index >= from && index <= to) this.delete(index);
  }

  [Symbol.iterator](): Iterator<Index> {
    return this.#indexes.values();
  }
}
