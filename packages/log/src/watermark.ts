/** A number that others wait for. */
export class Watermark {
  #value: number;
  readonly #waiting = new Set<{
    readonly value: number;
    readonly wake: () => void;
    readonly fail: (error: unknown) => void;
  }>();

  constructor(value: number) {
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }

  /**
   * Moves it, and wakes everyone whose number is reached.
   *
   * @param back what to tell those who wait for a number above when it goes back; without it they go on waiting
   */
  set(value: number, back?: () => unknown): void {
    const isBack = value < this.#value;
    this.#value = value;
    for (const waiter of this.#waiting) if (waiter.value <= value) waiter.wake();
    if (isBack && back !== undefined && this.#waiting.size > 0) this.fail(back());
  }

  /** Sends everyone away with an error. */
  fail(error: unknown): void {
    for (const waiter of this.#waiting) waiter.fail(error);
  }

  /**
   * Resolves when the watermark is at `value` or above.
   *
   * @throws the signal's reason, once it is aborted
   */
  async reached(value: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#value >= value) return;
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const waiter = {
        value,
        wake: () => {
          leave();
          resolve();
        },
        fail: (error: unknown) => {
          leave();
          reject(error);
        },
      };
      const abort = (): void => waiter.fail(signal?.reason);
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
