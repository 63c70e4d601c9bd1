import { LogError } from './errors.js';

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

  /** Takes note of an error; one of a failed sync closes the fence. */
  note(error: unknown): void {
    if (this.#error !== undefined || !(error instanceof LogError) || error.code !== 'fenced') return;
    this.#error = error;
    this.#onClosed(error);
  }
}
