import type { CoreSettings, Entry, Index, MemberId, RaftCore } from '../src/index.js';
import type { SimDisk } from './disk.js';

/** What the invariants look at of a machine. */
export interface Witnessed {
  readonly member: MemberId;
  readonly settings: CoreSettings;
  readonly proposalBytesMax: number;
  readonly core: RaftCore | null;
  readonly disk: SimDisk;
  /** The record's: the highest commit that this life has shown. */
  commitSeen: Index;
  entryAt(index: Index): Entry | undefined;
}
