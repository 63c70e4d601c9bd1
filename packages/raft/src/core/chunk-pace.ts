/**
 * How long the answer to a part of a snapshot may take before the part counts as lost. On a slow link a part that is only on its way, sent
 * again and again, would queue behind itself: so each repetition doubles the wait, and a part that was answered sets it to
 * twice what that took, since its first sending (the retransmission timer of RFC 6298, simplified).
 */
export class ChunkPace {
  readonly #waitMsMin: number;
  readonly #waitMsMax: number;
  #waitMs: number;
  #offset = -1;
  #firstSentAtMs = 0;
  #lastSentAtMs: number = Number.NEGATIVE_INFINITY;

  constructor(waitMsMin: number, waitMsMax: number) {
    this.#waitMsMin = waitMsMin;
    this.#waitMsMax = waitMsMax;
    this.#waitMs = waitMsMin;
  }

  /** Another snapshot: its first part is no repetition. */
  restart(): void {
    this.#offset = -1;
  }

  sent(offset: number, nowMs: number): void {
    if (offset === this.#offset) this.#waitMs = Math.min(this.#waitMs * 2, this.#waitMsMax);
    else this.#firstSentAtMs = nowMs;
    this.#offset = offset;
    this.#lastSentAtMs = nowMs;
  }

  /** The part has arrived: another was asked for. */
  answered(nowMs: number): void {
    this.#waitMs = Math.min(Math.max(this.#waitMsMin, 2 * (nowMs - this.#firstSentAtMs)), this.#waitMsMax);
  }

  isOverdue(nowMs: number): boolean {
    return nowMs - this.#lastSentAtMs >= this.#waitMs;
  }
}
