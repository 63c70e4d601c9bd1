/** Numbers that may arrive out of order, and still count once. */
const windowSize = 1_024;

/**
 * Which of a sender's packets have come in, by their numbers (RFC 6479): each counts once, and one that is further behind the newest than
 * the window is wide does not count at all.
 */
export class ReplayWindow {
  readonly #seen: Uint8Array = new Uint8Array(windowSize);
  #newest = -1;

  /** Whether this number is new; from then on it is not. */
  accept(number: number): boolean {
    if (number > this.#newest) {
      const first = Math.max(this.#newest + 1, number - windowSize + 1);
      for (let at = first; at <= number; at++) this.#seen[at % windowSize] = 0;
      this.#newest = number;
    } else if (number <= this.#newest - windowSize || this.#seen[number % windowSize] === 1) return false;
    this.#seen[number % windowSize] = 1;
    return true;
  }
}
