/** A link that needs longer cannot be told from a dead one. In ms. */
const answerMsMax = 300_000;

/**
 * How long the answer to something big may take (a part of a snapshot, what was asked for) before it counts as lost. On a slow link
 * what is only on its way, sent again and again, would queue behind itself: so each repetition doubles the wait, and an answer
 * sets it by what it took, since the first sending (the retransmission timer of RFC 6298, simplified).
 */
export class ResendPace {
  readonly #waitMsMin: number;
  readonly #unansweredMsMax: number;
  #waitMs: number;
  #offset = -1;
  #isRepeated = false;
  #firstSentAtMs = 0;
  #lastSentAtMs: number = Number.NEGATIVE_INFINITY;

  /**
   * @param waitMsMin no repetition comes sooner
   * @param unansweredMsMax how far repetitions alone may lengthen the wait: when a broken link is whole again, none is far off
   */
  constructor(waitMsMin: number, unansweredMsMax: number) {
    this.#waitMsMin = waitMsMin;
    this.#unansweredMsMax = unansweredMsMax;
    this.#waitMs = waitMsMin;
  }

  /** Another snapshot: its first part is no repetition. */
  restart(): void {
    this.#offset = -1;
  }

  /** What is on its way is sent to somebody else: how long that takes is counted from now. */
  redirected(nowMs: number): void {
    this.#firstSentAtMs = nowMs;
  }

  /** @param offset says what was sent: the same again is a repetition */
  sent(offset: number, nowMs: number): void {
    // Long overdue: the other was away. That was not the link's doing, and is not counted as if it were.
    const isAfterAbsence = nowMs - this.#lastSentAtMs > 4 * this.#waitMs;
    if (offset === this.#offset)
      this.#waitMs = Math.max(this.#waitMs, Math.min(this.#waitMs * 2, this.#unansweredMsMax));
    this.#isRepeated = offset === this.#offset;
    if (!this.#isRepeated || isAfterAbsence) this.#firstSentAtMs = nowMs;
    this.#offset = offset;
    this.#lastSentAtMs = nowMs;
  }

  /** It has arrived. */
  answered(nowMs: number): void {
    const tookMs = Math.min(nowMs - this.#firstSentAtMs, answerMsMax);
    // What was sent twice took that long at most: our own wait is in it, and where things get lost must not grow by itself.
    this.#waitMs = Math.max(this.#waitMsMin, this.#isRepeated ? tookMs : 2 * tookMs);
  }

  isOverdue(nowMs: number): boolean {
    return nowMs - this.#lastSentAtMs >= this.#waitMs;
  }
}
