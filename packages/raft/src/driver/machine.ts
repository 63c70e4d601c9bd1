import type { Entry, Index } from '../core/index.js';

/** What a group agrees on: the same entries, applied in the same order, on every member. */
export interface StateMachine {
  /**
   * Committed data entries, in order, each exactly once since the last `restore`. The next call waits for the promise. What it throws
   * ends the member: a state that is half changed must not be read.
   */
  apply(entries: readonly Entry[]): void | PromiseLike<void>;

  /**
   * The whole state after the last `apply`, as of this call, though it may be encoded later: the next `apply` does not wait for the
   * promise. A machine has this and `restore`, or neither: then no snapshot is ever written, and the log is kept whole.
   *
   * @param index what it is the state after: the last entry applied, or a no-op or a configuration behind that
   */
  snapshot?(index: Index): Uint8Array | PromiseLike<Uint8Array>;

  /** Replaces the whole state. */
  restore?(snapshot: Uint8Array): void | PromiseLike<void>;
}

/** @throws TypeError when the machine could write a snapshot that it cannot read back, or the other way around */
export function checkMachine(machine: StateMachine): void {
  if ((machine.snapshot === undefined) === (machine.restore === undefined)) return;
  const [has, lacks] = machine.snapshot === undefined ? ['restore', 'snapshot'] : ['snapshot', 'restore'];
  throw new TypeError(`this state machine has ${has}() and no ${lacks}(): it needs both, or neither`);
}

/** Whether there is something to wait for. Promises of another realm are no `Promise` of ours. */
export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as PromiseLike<Value> | undefined)?.then === 'function';
}
