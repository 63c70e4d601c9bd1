import type { Entry, Index } from './entry.js';
import type { MemberId } from './member.js';
import type { Append } from './message.js';
import type { Raft } from './raft.js';

/** §5.3, the receiver's side. */
export function handleAppend(raft: Raft, message: Append): void {
  // An acknowledgement would only join the queue behind a disk that hangs, and what it acknowledges stay in memory. Heartbeats say that
  // this member lives; with each, the leader tries one append.
  if (raft.isDiskStalled) return;
  if (message.prevIndex < raft.commitIndex) {
    // Old news, in part or whole: what is committed here is in every leader's log, so that much is acknowledged.
    accept(raft, message.from, raft.commitIndex);
    return;
  }
  if (raft.terms.at(message.prevIndex) !== message.prevTerm) {
    reject(raft, message);
    return;
  }
  const lastNew = message.prevIndex + message.entries.length;
  const fresh = firstConflict(raft, message.entries);
  if (fresh < message.entries.length && raft.isStorageRefusing) {
    // No space. Silence, not an acknowledgement of the part before: that would tell the leader that appends get through here, and
    // it would send a full window for each. Heartbeats say that this member lives; with each, the leader tries one append.
    return;
  }
  if (fresh < message.entries.length) {
    raft.truncate(message.entries[fresh]!.index, 'conflicts with the leader');
    for (let at = fresh; at < message.entries.length; at++) raft.appendEntry(message.entries[at]!);
    raft.trace?.('append', 'from the leader', { first: message.entries[fresh]!.index, last: lastNew });
  }
  // Only up to what this message proves equal to the leader's: beyond it, our log may still hold another leader's entries.
  raft.commitTo(Math.min(message.commit, lastNew), 'append');
  accept(raft, message.from, lastNew);
}

/**
 * Where in `entries` ours stop being the same. An append that holds only what is here already cuts nothing: it may be
 * old, and newer ones may have been acknowledged since.
 */
function firstConflict(raft: Raft, entries: readonly Entry[]): number {
  let at = 0;
  for (; at < entries.length; at++) {
    const entry = entries[at]!;
    if (raft.terms.at(entry.index) !== entry.term) break;
    // The same entry again, and ours cannot be read: as good a repair as any.
    if (raft.holes.has(entry.index)) raft.outbox.repairs.push(entry);
  }
  return at;
}

/** Acknowledges up to `match`, but never past an unreadable entry, nor past what a full disk could not take. */
export function accept(raft: Raft, leader: MemberId, upTo: Index): void {
  const stored = Math.max(raft.writes.durableIndex, raft.outbox.install?.index ?? 0);
  const writable = raft.isStorageRefusing ? stored : raft.lastIndex;
  const match = Math.min(upTo, raft.holes.first - 1, writable);
  raft.sendDurable({ kind: 'append-accepted', term: raft.term, match }, leader);
}

/**
 * Says where the logs can agree at the latest, so that the leader skips whole terms instead of single entries (§5.3): no entry of ours
 * above the leader's term at the rejected place can match.
 */
function reject(raft: Raft, message: Append): void {
  const hintIndex = raft.terms.lastAtMost(Math.min(message.prevIndex, raft.lastIndex), message.prevTerm);
  const hintTerm = raft.terms.at(hintIndex) ?? 0;
  raft.send(
    { kind: 'append-rejected', term: raft.term, rejected: message.prevIndex, hintIndex, hintTerm },
    message.from,
  );
}
