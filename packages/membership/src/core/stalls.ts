/**
 * Notices that this process stood still: nothing ran though something had to. A timer that was due at the end of that is hardly late, and
 * yet nobody must be judged by it: the answers may be waiting in sockets of ours that nobody has read.
 */
export class Stalls {
  readonly #toleratedMs: number;
  /** When something last ran, while it is known that something is due soon. */
  #ranMs: number | undefined;
  #endedMs: number = Number.NEGATIVE_INFINITY;

  /** @param toleratedMs nothing running for so long is no stall, and after one so long is given to read what waits */
  constructor(toleratedMs: number) {
    this.#toleratedMs = toleratedMs;
  }

  get isWatching(): boolean {
    return this.#ranMs !== undefined;
  }

  /** From now on something runs at least every half of what is tolerated, or no more. */
  watch(nowMs: number, isOn: boolean): void {
    this.#ranMs = isOn ? nowMs : undefined;
  }

  /** Something runs; whether a stall ended with it. */
  ran(nowMs: number): boolean {
    if (this.#ranMs === undefined) return false;
    const hasStalled = nowMs - this.#ranMs > this.#toleratedMs;
    this.#ranMs = nowMs;
    if (hasStalled) this.#endedMs = nowMs;
    return hasStalled;
  }

  /** A timer runs that was due at `dueMs`; whether that shows a stall that was not known of. */
  ranTimer(dueMs: number, nowMs: number): boolean {
    if (nowMs - dueMs <= this.#toleratedMs || this.hasJustEnded(nowMs)) return false;
    this.#endedMs = nowMs;
    return true;
  }

  /** Whether what waits may not have been read yet. */
  hasJustEnded(nowMs: number): boolean {
    return nowMs - this.#endedMs < this.#toleratedMs;
  }
}
