/**
 * Counts rare states worth reaching. An invariant that held all the time proves nothing about states that were never
 * entered: a counter that stays at zero over many seeds is a hole in the proof.
 */
export class Sometimes {
  readonly #counts = new Map<string, number>();

  /** Every name is declared, so that a state never reached shows as zero instead of not at all. */
  constructor(names: readonly string[]) {
    for (const name of names) this.#counts.set(name, 0);
  }

  /** @throws Error when the name was not declared */
  reached(name: string): void {
    const count = this.#counts.get(name);
    if (count === undefined) throw new Error(`"${name}" is not a declared state`);
    this.#counts.set(name, count + 1);
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
