import type { Clock } from '@commitlog/runtime';

/** Wakes whoever waits for something to change. What has changed, they look up themselves. */
export class Wakeup {
  readonly #clock: Clock;
  readonly #waiting: Set<() => void> = new Set();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Something may have changed. */
  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Until the next ring, or so many ms, or the signal's abort: whichever comes first. */
  next(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = this.#clock.after(signal?.aborted ? 0 : timeoutMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
      this.#waiting.add(wake);
    });
  }

  /**
   * Until a condition holds; it is looked at after each ring, and every `everyMs`.
   *
   * @throws the signal's reason
   */
  async until(
    condition: () => boolean,
    { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    while (!condition()) {
      signal.throwIfAborted();
      await this.next(everyMs, signal);
    }
  }
}
