/** A link that needs longer for a part cannot be told from a dead one. In ms. */
const answerMsMax = 300_000;

/**
 * How long the answer to a part of a snapshot may take before the part counts as lost. On a slow link a part that is only on its way, sent
 * again and again, would queue behind itself: so each repetition doubles the wait, and a part that was answered sets it to
 * twice what that took, since its first sending (the retransmission timer of RFC 6298, simplified).
 */
export class ResendPace {
  readonly #waitMsMin: number;
  readonly #unansweredMsMax: number;
  #waitMs: number;
  #offset = -1;
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

  sent(offset: number, nowMs: number): void {
    if (offset === this.#offset)
      this.#waitMs = Math.max(this.#waitMs, Math.min(this.#waitMs * 2, this.#unansweredMsMax));
    else this.#firstSentAtMs = nowMs;
    this.#offset = offset;
    this.#lastSentAtMs = nowMs;
  }

  /** The part has arrived: another was asked for. */
  answered(nowMs: number): void {
    const tookMs = Math.min(nowMs - this.#firstSentAtMs, answerMsMax);
    this.#waitMs = Math.max(this.#waitMsMin, 2 * tookMs);
  }

  isOverdue(nowMs: number): boolean {
    return nowMs - this.#lastSentAtMs >= this.#waitMs;
  }
}
