import { type Entry, type Index, RaftError, type StateMachine } from '@commitlog/raft';
import { bufferOf } from './entries.js';
import type { LogStorage } from './log-storage.js';

/**
 * The state machine of a group whose log is what its users read. A batch is already where they read it: applied is only what is derived
 * from it, which the storage has in `state`. A snapshot is of the log's logical start, with what is derived up to now, and holds no record.
 */
export function logMachine({ state }: Pick<LogStorage, 'state'>, onApplied: () => void = () => {}): StateMachine {
  return {
    apply: (entries: readonly Entry[]): void => {
      for (const { data } of entries) state.apply(bufferOf(data));
      onApplied();
    },
    snapshot: () => {
      const { index } = state.start;
      if (index > 0) return { index, data: state.encode() };
      throw new RaftError(
        'ERR_RAFT_NOTHING_APPLIED',
        'the log is whole: nothing was trimmed that a snapshot stands for',
      );
    },
    restore: (snapshot: Uint8Array): void => {
      state.restore(snapshot);
      onApplied();
    },
    resume: (): Index => state.applied.index,
  };
}
