import { membersOf } from './configuration.js';
import type { Entry, Index } from './entry.js';
import type { MemberId } from './member.js';
import type { Fetch, Fetched } from './message.js';
import type { Raft } from './raft.js';
import { becomeFollower } from './roles.js';
import { sendSnapshot } from './snapshot-source.js';
import { handOver } from './transfer.js';

/*
 * An entry that the disk can no longer read is a hole. To cut the log there would take back acknowledgements, and could lose what was
 * committed (Alagappan et al., FAST 2018). So the log keeps its length, and votes are given by its true last entry;
 * but with a hole this member neither campaigns nor leads, and acknowledges nothing past it, until it has the entry back. Index and term
 * identify an entry, so whoever holds the same two holds the same bytes.
 */

const fetchEntriesMax = 1024;

export function markUnreadable(raft: Raft, indexes: readonly Index[]): void {
  let isNews = false;
  for (const index of indexes) {
    if (index <= raft.terms.start.index || index > raft.lastIndex || raft.holes.has(index)) continue;
    raft.holes.add(index);
    isNews = true;
  }
  if (!isNews) return;
  raft.trace?.('repair', 'found unreadable', { firstHole: raft.holes.first, holes: raft.holes.size });
  if (raft.isLeader) handOver(raft, 'cannot read its log');
  else if (raft.role !== 'follower') becomeFollower(raft, raft.term, null, 'cannot read its log');
  fetchNext(raft);
}

/** Without waiting: what was asked for last has come, or more is missing than was known. */
export function fetchNext(raft: Raft): void {
  raft.fetchedAtMs = Number.NEGATIVE_INFINITY;
  maybeFetch(raft);
}

/** Asks the leader for what is missing; without one, each member in turn. */
export function maybeFetch(raft: Raft): void {
  if (raft.holes.size === 0 || raft.nowMs - raft.fetchedAtMs < 2 * raft.settings.heartbeatMs) return;
  // What came already is not on disk yet.
  if (raft.writes.isRepairing) return;
  const others = [...membersOf(raft.configuration)].filter((member) => member !== raft.self);
  if (others.length === 0) return;
  raft.fetchTurn += 1;
  // The leader may lack it as well (its own log may begin later): every other time, somebody else is asked.
  const isLeaderAsked = raft.leader !== null && raft.leader !== raft.self && raft.fetchTurn % 2 === 1;
  const target = isLeaderAsked ? raft.leader! : others[(raft.fetchTurn >>> 1) % others.length]!;
  const first = raft.holes.first;
  let last = first;
  for (const hole of raft.holes) if (hole < first + fetchEntriesMax) last = Math.max(last, hole);
  raft.fetchedAtMs = raft.nowMs;
  raft.send({ kind: 'fetch', term: raft.term, first, last }, target);
}

/**
 * Serves whatever can be read here, committed or not: index and term say which entry it is. After a power cut nobody may know how far the
 * log is committed, and two members may each lack what the other has.
 */
export function handleFetch(raft: Raft, message: Fetch): void {
  const isForeign = !membersOf(raft.configuration).has(message.from);
  if (isForeign || raft.holes.has(message.first)) return;
  if (message.first <= raft.terms.start.index) {
    const progress = raft.progress.get(message.from);
    if (progress !== undefined && progress.state !== 'snapshot' && raft.snapshot !== null) {
      sendSnapshot(raft, message.from, progress);
    }
    return;
  }
  const last = Math.min(
    message.last,
    raft.lastIndex,
    lastReadable(raft, message.first),
    message.first + fetchEntriesMax - 1,
  );
  if (last < message.first) return;
  const { appendBytesMax } = raft.settings;
  if (message.first >= raft.tail.first) {
    sendFetched(raft, message.from, raft.tail.slice(message.first, appendBytesMax, last - message.first + 1));
    return;
  }
  for (const read of raft.reads.values()) if (read.purpose === 'fetch' && read.peer === message.from) return;
  const read = raft.startRead('fetch', message.from);
  const upTo = Math.min(last, raft.tail.first - 1);
  raft.outbox.add({ kind: 'read', read, first: message.first, last: upTo, bytesMax: appendBytesMax });
}

/** The last entry before the next hole of our own. */
function lastReadable(raft: Raft, first: Index): Index {
  let nextHole = Number.POSITIVE_INFINITY;
  for (const hole of raft.holes) if (hole >= first) nextHole = Math.min(nextHole, hole);
  return nextHole - 1;
}

/**
 * Sends what is asked for, as far as it still stands in this log: `commit` speaks of the log as it is now, and beside an entry that was
 * replaced while it was being read it would make the receiver cut what is committed.
 */
export function sendFetched(raft: Raft, to: MemberId, entries: readonly Entry[]): void {
  const standing = entries.filter((entry) => raft.terms.at(entry.index) === entry.term);
  raft.send({ kind: 'fetched', term: raft.term, commit: raft.commitIndex, entries: standing }, to);
}

export function handleFetched(raft: Raft, message: Fetched): void {
  // A late or doubled answer: what it brings is on its way to disk.
  if (raft.writes.isRepairing) return;
  for (const entry of message.entries) {
    if (!raft.holes.has(entry.index)) continue;
    if (raft.terms.at(entry.index) === entry.term) {
      raft.outbox.repairs.push(entry);
      continue;
    }
    // Another entry is committed at this place: ours never was, nor anything behind it, so there is nothing to mend but to cut.
    // The peer's commit must say so; a deposed leader's own entries prove nothing.
    if (entry.index <= message.commit) {
      raft.truncate(entry.index, 'another entry is committed in its place');
      break;
    }
  }
  raft.trace?.('repair', 'fetched', { count: message.entries.length, peer: message.from });
}
