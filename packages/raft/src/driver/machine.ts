import type { Entry } from '../core/index.js';

/** What a group agrees on: the same entries, applied in the same order, on every member. */
export interface StateMachine {
  /** Committed data entries, in order, each exactly once since the last `restore`. The next call waits for the promise. */
  apply(entries: readonly Entry[]): void | Promise<void>;

  /**
   * The whole state after the last `apply`, as of this call, though it may be encoded later: the next `apply` does not wait for the
   * promise. Without it no snapshot is ever written, and the log is kept whole.
   */
  snapshot?(): Uint8Array | Promise<Uint8Array>;

  /** Replaces the whole state. */
  restore?(snapshot: Uint8Array): void | Promise<void>;
}
