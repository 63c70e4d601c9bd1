import type { Entry, EntryType, Index, Term } from './entry.js';
import type { SnapshotMeta } from './snapshot-meta.js';

/**
 * What an entry's bytes look like, for a log whose entries are something already: a record batch, say, with its index and term in its
 * header. Pure and synchronous: every method is called inside a step of the core, or just before one.
 *
 * Replicas hold the same bytes because only the leader that makes an entry asks for them; everybody else stores what was sent.
 */
export interface EntryFormat {
  /**
   * Whether these bytes may be proposed. Called by the driver for each proposal, before the core hears of it.
   *
   * @throws what whoever proposed them is told; nothing has happened then
   */
  admit?(payload: Uint8Array): void;

  /**
   * The bytes of an entry that this leader adds to its log, before they go anywhere. Called once for each, in the order of the log, and
   * followed by `appended`.
   *
   * Everything in a new leader's log is on its disk: whoever wants to know where it ends may look there at a reign's first `place`.
   *
   * @param payload what was proposed; a configuration, encoded; nothing for a no-op. May be changed in place and returned
   * @throws ends the member: what must be refused, `admit` refuses
   */
  place(type: EntryType, payload: Uint8Array, index: Index, term: Term): Uint8Array;

  /**
   * What `place` was given, out of an entry's bytes: how the core reads configurations that another leader has made.
   *
   * @throws when these are no bytes of such an entry: the driver drops the message that brought it
   */
  payloadOf(entry: Entry): Uint8Array;

  /** An entry is the log's last from now on: this leader's own, or one that its leader sent. Committed or not, on disk or not. */
  appended?(entry: Entry): void;

  /** What is derived from `from` and above is void: these entries are not in the log any more. None of them was committed. */
  truncated?(from: Index): void;

  /** The log now ends with what this snapshot stands for: whatever was derived from entries is void. */
  replaced?(snapshot: SnapshotMeta): void;
}

/** An entry's bytes are what was proposed. */
export const plainFormat: EntryFormat = {
  place: (_type, payload) => payload,
  payloadOf: (entry) => entry.data,
};
