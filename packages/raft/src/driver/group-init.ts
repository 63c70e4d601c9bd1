import type { Clock, Random } from '@commitlog/runtime';
import {
  type CoreSettings,
  defaultSettings,
  type EntryFormat,
  type MemberId,
  type Role,
  type Term,
  type TraceSink,
} from '../core/index.js';
import type { StateMachine } from './machine.js';
import type { ProblemSink } from './problem.js';
import type { RaftStorage } from './storage.js';

export interface GroupInit extends Partial<Omit<CoreSettings, 'self'>> {
  readonly self: MemberId;
  /**
   * A snapshot is written each time so many entries have been applied; 0, the default: only when asked for. It is put off, to ten times
   * as many entries at most, while another member is being sent the one before: it would have to start over.
   */
  readonly snapshotEvery?: number;
  /** Entries that stay in the log below a snapshot, for members that are a little behind; 1,000 by default. */
  readonly trailing?: number;
}

export interface GroupComponents {
  readonly storage: RaftStorage;
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly random: Random;
  /** What entries' bytes look like; by default they are what was proposed. All members need the same one, and so does the storage. */
  readonly format?: EntryFormat;
  /** Told of every event from the first one on; `RaftGroup.watch` begins later, and ends. */
  readonly trace?: TraceSink;
  /** Role, term or leader changed. */
  readonly onRole?: (role: Role, term: Term, leader: MemberId | null, cause: string) => void;
  /** This member has stopped for good: its disk, its state machine or the protocol failed it. The process should end. */
  readonly onFailed?: (error: unknown) => void;
  /** Something went wrong that stops nothing; by default the host's listener hears of it. */
  readonly onProblem?: ProblemSink;
}

/** @throws RangeError naming the first setting of the driver's own that makes no sense */
export function checkInit(init: GroupInit, tickMs: number): void {
  const { snapshotEvery = 0, trailing = 0, heartbeatMs = defaultSettings.heartbeatMs } = init;
  for (const [name, value] of Object.entries({ snapshotEvery, trailing })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${name} must be a whole number of entries, 0 or more, got ${value}`);
    }
  }
  // Slower, and heartbeats come too late to keep an election away.
  if (tickMs * 2 > heartbeatMs) {
    throw new RangeError(`heartbeatMs must be at least twice the host's tickMs, got ${heartbeatMs} and ${tickMs}`);
  }
}
