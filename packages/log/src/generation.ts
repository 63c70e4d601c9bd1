/**
 * A stretch of the log's life in which batches are only added behind its end. A truncation or a reset ends it: an index may stand for
 * another batch after that. Who read in one holds it, and so finds out what was cut since. Each leads to the next, and nothing leads
 * back: those that no reader holds any more are gone.
 */
export class Generation {
  #cut: { readonly after: number; readonly next: Generation } | undefined;

  /**
   * Ends it.
   *
   * @param after the last index that stays, −1 when nothing does
   * @returns the generation that begins
   */
  cutAfter(after: number): Generation {
    const next = new Generation();
    this.#cut = { after, next };
    return next;
  }

  /** Whether everything up to an index is still what it was in this generation. */
  stands(index: number): boolean {
    for (let cut = this.#cut; cut !== undefined; cut = cut.next.#cut) if (cut.after < index) return false;
    return true;
  }
}
