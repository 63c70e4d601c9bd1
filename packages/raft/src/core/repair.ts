import { membersOf } from './configuration.js';
import type { Entry, Index } from './entry.js';
import type { MemberId } from './member.js';
import type { Fetch, Fetched } from './message.js';
import type { Raft } from './raft.js';
import { becomeFollower } from './roles.js';
import { isSnapshotComing, serveSnapshot } from './snapshot-fetch.js';
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
  // What came already is not on disk yet.
  if (raft.holes.size === 0 || raft.writes.isRepairing || isSnapshotComing(raft)) return;
  const source = knownSource(raft);
  const target = source ?? nextInTurn(raft);
  if (target === null) return;
  const first = raft.holes.first;
  let last = first;
  for (const hole of raft.holes) if (hole < first + fetchEntriesMax) last = Math.max(last, hole);
  const snapshotId = raft.staging?.snapshot.id ?? '';
  const offset = raft.staging?.received ?? 0;
  raft.fetching.asked(raft.nowMs, source === null);
  raft.send({ kind: 'fetch', term: raft.term, first, last, snapshotId, offset }, target);
}

/** Asks for what is missing, or asks again. */
export function maybeFetch(raft: Raft): void {
  if (raft.holes.size > 0 && raft.fetching.isDue(raft.nowMs)) fetchNext(raft);
}

/** Who is sending its snapshot, as long as it answers. */
function knownSource({ staging, fetching, configuration }: Raft): MemberId | null {
  if (staging === null || !staging.isFetched || fetching.isSourceLost) return null;
  return membersOf(configuration).has(staging.from) ? staging.from : null;
}

/** The leader, and each member in turn. */
function nextInTurn({ fetching, leader, self, configuration }: Raft): MemberId | null {
  const others = [...membersOf(configuration)].filter((member) => member !== self);
  if (others.length === 0) return null;
  fetching.turn += 1;
  // The leader may be cut off from here, or need longer than another: every other time, somebody else is asked.
  if (leader !== null && leader !== self && fetching.turn % 2 === 1) return leader;
  return others[(fetching.turn >>> 1) % others.length]!;
}

/**
 * Serves whatever can be read here, committed or not: index and term say which entry it is. After a power cut nobody may know how far the
 * log is committed, and two members may each lack what the other has.
 */
export function handleFetch(raft: Raft, message: Fetch): void {
  if (!membersOf(raft.configuration).has(message.from)) return;
  if (message.first <= raft.terms.start.index || raft.holes.has(message.first)) {
    serveSnapshot(raft, message);
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
  if (raft.isReadingFor(message.from, 'fetch')) return;
  const read = raft.startRead({ purpose: 'fetch', peer: message.from });
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
      if (raft.outbox.repairs.length === 0) raft.fetching.answered(raft.nowMs);
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
