import type { Index } from '../core/index.js';
import type { RaftStorage } from '../driver/index.js';

/** One requirement, to be registered with any test runner. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** How the suite gets at an implementation. */
export interface StorageUnderTest {
  /** An empty storage. */
  open(): Promise<RaftStorage>;
  /** The same disk as after a power cut right now, opened again: nothing that `write` has resolved for may be missing. */
  reopen(storage: RaftStorage): Promise<RaftStorage>;
  /** Makes this entry unreadable, as a bad sector does. Without it, nothing is tried about holes. */
  rot?(storage: RaftStorage, index: Index): Promise<void>;
  /** Takes all room but the reserve, or gives it back. Without it, nothing is tried about full disks. */
  fill?(storage: RaftStorage, isFull: boolean): Promise<void>;
}
