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
   * @returns the state; or with it an earlier index, from 1 up and not below the log's start, for a machine that needs the entries behind
   * that: the snapshot is then one of that index, the log is kept from there on, and whoever restores it is given the entries behind it
   */
  snapshot?(index: Index): MachineSnapshot | PromiseLike<MachineSnapshot>;

  /** Replaces the whole state. */
  restore?(snapshot: Uint8Array): void | PromiseLike<void>;

  /**
   * For a machine that keeps state of its own on disk: everything up to the index returned is in it already. Asked once, at a start, after
   * `restore`; without it, every entry behind the snapshot is applied again.
   *
   * @param commit what is known to be committed (`StoredState`): nothing above is taken
   */
  resume?(commit: Index): Index;
}

export type MachineSnapshot = Uint8Array | { readonly index: Index; readonly data: Uint8Array };

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
