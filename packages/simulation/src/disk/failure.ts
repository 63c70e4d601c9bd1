import type { Operation, OperationMethod } from './operation.js';

/** Operations that are to fail. */
export interface Failure {
  readonly method: OperationMethod | readonly OperationMethod[];
  /** One absolute path, or all that match; any path by default. */
  readonly path?: string | RegExp;
  /** The POSIX name of the error, such as `ENOSPC`. */
  readonly code: string;
  /** How many matching operations succeed before the first failure; 0 by default. */
  readonly after?: number;
  /** How many fail; 1 by default, `Infinity` for all. */
  readonly times?: number;
  /** How many bytes a failing write still writes; 0 by default. */
  readonly writtenBytes?: number;
}

/** A failure that waits for its operation. */
export class InjectedFailure {
  readonly failure: Failure;
  #toPass: number;
  #toFail: number;
  #failedCount = 0;

  constructor(failure: Failure) {
    this.failure = failure;
    this.#toPass = failure.after ?? 0;
    this.#toFail = failure.times ?? 1;
  }

  /** How many operations have failed because of it. */
  get failedCount(): number {
    return this.#failedCount;
  }

  /** Lets everything succeed again. */
  cancel(): void {
    this.#toFail = 0;
  }

  /** Whether this operation is to fail; asking counts as trying. */
  strikes(operation: Operation): boolean {
    if (this.#toFail === 0 || !this.#concerns(operation)) return false;
    if (this.#toPass > 0) {
      this.#toPass--;
      return false;
    }
    this.#toFail--;
    this.#failedCount++;
    return true;
  }

  #concerns({ method, path, to }: Operation): boolean {
    const wanted = this.failure;
    const isMethod = typeof wanted.method === 'string' ? wanted.method === method : wanted.method.includes(method);
    if (!isMethod || wanted.path === undefined) return isMethod;
    const isWanted = (name: string): boolean =>
      typeof wanted.path === 'string' ? wanted.path === name : (wanted.path?.test(name) ?? true);
    return isWanted(path) || (to !== undefined && isWanted(to));
  }
}
