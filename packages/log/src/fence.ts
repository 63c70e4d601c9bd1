import { LogError } from './errors.js';

/**
 * What stops a log for good. After a failed sync nobody knows what is durable, and asking again may bring a false yes, so the first
 * failure is remembered and every later write is refused with it.
 */
export class Fence {
  #error: LogError | undefined;

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
    if (error instanceof LogError && error.code === 'fenced') this.#error ??= error;
  }
}
