import type { Clock, Random } from '@commitlog/runtime';
import type { CoreSettings, MemberId, Role, Term, TraceSink } from '../core/index.js';
import type { StateMachine } from './machine.js';
import type { RaftStorage } from './storage.js';

export interface GroupInit extends Partial<Omit<CoreSettings, 'self'>> {
  readonly self: MemberId;
  /** A snapshot is written each time so many entries have been applied; 0, the default: only when asked for. */
  readonly snapshotEvery?: number;
  /** Entries that stay in the log below a snapshot, for members that are a little behind; 1,000 by default. */
  readonly trailing?: number;
}

export interface GroupComponents {
  readonly storage: RaftStorage;
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly random: Random;
  readonly trace?: TraceSink;
  /** Role, term or leader changed. */
  readonly onRole?: (role: Role, term: Term, leader: MemberId | null, cause: string) => void;
  /** This member has stopped for good: its disk, its state machine or the protocol failed it. The process should end. */
  readonly onFailed?: (error: unknown) => void;
}
