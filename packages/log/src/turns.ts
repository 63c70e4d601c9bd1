/** What happens one after the other, in the order in which it was asked for. */
export class Turns {
  #settled: Promise<void> | undefined;

  /** Settles, and never rejects, when the last that was asked for is done; `undefined` while nothing is. */
  get settled(): Promise<void> | undefined {
    return this.#settled;
  }

  /** Runs `run` at once if nothing is under way, otherwise behind what is. */
  async take<T>(run: () => T | Promise<T>): Promise<T> {
    const done = this.#settled === undefined ? Promise.resolve(run()) : this.#settled.then(run);
    const settled = done.then(nothing, nothing).then(() => {
      if (this.#settled === settled) this.#settled = undefined;
    });
    this.#settled = settled;
    return await done;
  }
}

function nothing(): void {}
