import type { StateMachine } from '@commitlog/raft';
import type { LogStorage } from './log-storage.js';

/**
 * The state machine of a group whose log is what its users read: applying a batch costs nothing, since it is already where they read it.
 * A snapshot is what is derived from the log, and holds no record.
 */
export function logMachine(storage: LogStorage): StateMachine {
  return {
    apply: () => {},
    snapshot: (index) => storage.stateAt(index),
    restore: () => {},
  };
}
