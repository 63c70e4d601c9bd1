/** A position in the log. The first entry has index 1; 0 stands before it. At most 2^53−1. */
export type Index = number;

/** A leader's reign. Grows by election; 0 is before the first. At most 2^53−1. */
export type Term = number;

/** What an entry means to Raft: `data` is opaque, `noop` is a new leader's first, `configuration` names the members. */
export type EntryType = 'data' | 'noop' | 'configuration';

/** One slot of the log. Index and term together identify it: no two different entries ever share both (§5.3). */
export interface Entry {
  readonly index: Index;
  readonly term: Term;
  readonly type: EntryType;
  /** Opaque to Raft, and never copied by it: whoever proposed these bytes must not change them afterwards. */
  readonly data: Uint8Array;
}

/** What an entry counts for against byte caps: its data, and a flat fee so that empty entries are not free. */
export function entryBytes(entry: Entry): number {
  return entry.data.byteLength + entryFeeBytes;
}

export const entryFeeBytes = 32;
