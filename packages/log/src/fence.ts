import type { LogError } from './errors.js';

/**
 * What stops a log for good. After a failed sync nobody knows what is durable, and asking again may bring a false yes, so the first
 * failure is remembered and every later write is refused with it.
 */
export class Fence {
  readonly #onClosed: (error: LogError) => void;
  #error: LogError | undefined;

  /** @param onClosed called once, with the error that closed it */
  constructor(onClosed: (error: LogError) => void) {
    this.#onClosed = onClosed;
  }

  /** Why the log takes no more writes; `undefined` while it does. */
  get error(): LogError | undefined {
    return this.#error;
  }

  /** @throws LogError `fenced` once it is */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** Refuses every write from now on; the first error that it is closed with counts. */
  close(error: LogError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#onClosed(error);
  }
}
