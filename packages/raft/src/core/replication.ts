import { quorumIndex } from './configuration.js';
import { type Entry, entryBytes, type Index } from './entry.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import { maybeFinishChange } from './membership.js';
import type { Append, AppendAccepted, AppendRejected } from './message.js';
import type { Progress } from './progress.js';
import type { Raft } from './raft.js';
import { startWaitingReads } from './reads.js';
import { leaveSnapshot, sendSnapshot } from './snapshot.js';
import { maybeTimeoutNow } from './transfer.js';

/** Sends everybody what they lack, as far as their windows let it. */
export function broadcastAppend(raft: Raft): void {
  for (const member of raft.progress.keys()) if (member !== raft.self) sendAppends(raft, member);
}

/** Sends one append after another until the member has everything or its window is full. */
export function sendAppends(raft: Raft, member: MemberId): void {
  while (maybeSendAppend(raft, member, false)) {}
}

/**
 * Sends one append, if the member may be sent one and lacks something.
 *
 * @param isEmptyWanted send it even with nothing in it: its answer tells where the member stands
 * @returns whether an append with entries went out
 */
export function maybeSendAppend(raft: Raft, member: MemberId, isEmptyWanted: boolean): boolean {
  const progress = raft.progress.get(member);
  if (progress === undefined || progress.isPaused) return false;
  const isBehind = progress.next <= raft.lastIndex;
  if (!isBehind && !isEmptyWanted) return false;
  const prevIndex = progress.next - 1;
  const prevTerm = raft.terms.at(prevIndex);
  if (prevTerm === undefined) {
    sendSnapshot(raft, member, progress);
    return false;
  }
  if (!isBehind) {
    sendAppend(raft, member, progress, []);
    return false;
  }
  const { appendBytesMax, appendEntriesMax } = raft.settings;
  if (progress.next < raft.tail.first) {
    const last = Math.min(raft.tail.first - 1, progress.next + appendEntriesMax - 1);
    progress.reading = raft.startRead('append', member);
    raft.outbox.add({ kind: 'read', read: progress.reading, first: progress.next, last, bytesMax: appendBytesMax });
    return false;
  }
  sendAppend(raft, member, progress, raft.tail.slice(progress.next, appendBytesMax, appendEntriesMax));
  return true;
}

function sendAppend(raft: Raft, member: MemberId, progress: Progress, entries: readonly Entry[]): void {
  const prevIndex = progress.next - 1;
  const prevTerm = raft.terms.at(prevIndex);
  invariant(prevTerm !== undefined, `the entry before ${progress.next} is in the log`);
  const commit = raft.commitIndex;
  raft.send({ kind: 'append', term: raft.term, prevIndex, prevTerm, entries, commit }, member);
  progress.commitSent = Math.max(progress.commitSent, Math.min(commit, prevIndex + entries.length));
  progress.sent(prevIndex + entries.length, bytesOf(entries));
}

/** Entries that were no longer in memory have come from storage: send them, if they are still what the member needs. */
export function sendRead(raft: Raft, member: MemberId, read: number, entries: readonly Entry[]): void {
  const progress = raft.progress.get(member);
  if (progress === undefined || progress.reading !== read) return;
  progress.reading = 0;
  const first = entries[0];
  if (first !== undefined && first.index === progress.next && !progress.isPaused) {
    invariant(
      entries.every((entry, at) => entry.index === first.index + at && raft.terms.at(entry.index) === entry.term),
      'storage returned other entries than it was given',
    );
    sendAppend(raft, member, progress, fitting(raft, entries));
  }
  sendAppends(raft, member);
}

/** A storage counts bytes in its own way; what one append may carry is counted in ours. */
function fitting(raft: Raft, entries: readonly Entry[]): readonly Entry[] {
  const { appendBytesMax, appendEntriesMax } = raft.settings;
  let bytes = 0;
  let count = 0;
  while (count < entries.length && count < appendEntriesMax) {
    bytes += entryBytes(entries[count]!);
    if (count > 0 && bytes > appendBytesMax) break;
    count += 1;
  }
  return count === entries.length ? entries : entries.slice(0, count);
}

/** §5.3, the receiver's side. */
export function handleAppend(raft: Raft, message: Append): void {
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
  const match = Math.min(upTo, raft.firstHole - 1, writable);
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

export function handleAppendRejected(raft: Raft, message: AppendRejected): void {
  const progress = raft.progress.get(message.from);
  if (progress === undefined) return;
  progress.heardAtMs = raft.nowMs;
  // The same argument from our side: entries of ours above the follower's term at the hint cannot match either.
  const hint = raft.terms.lastAtMost(message.hintIndex, message.hintTerm);
  if (!progress.maybeDecrease(message.rejected, hint)) return;
  if (progress.state === 'replicate') {
    const { next } = progress;
    progress.becomeProbe();
    progress.next = next;
  }
  progress.check();
  maybeSendAppend(raft, message.from, true);
}

export function handleAppendAccepted(raft: Raft, message: AppendAccepted): void {
  const progress = raft.progress.get(message.from);
  if (progress === undefined) return;
  invariant(message.match <= raft.lastIndex, `${message.from} acknowledged ${message.match}, which was never sent`);
  progress.heardAtMs = raft.nowMs;
  const isNews = progress.maybeUpdate(message.match);
  // A member that holds what came before a probe but did not take the probe (no space) must not be sent a window: each
  // answer to that would fetch the next, without end.
  const isProbeTaken =
    progress.state === 'probe' && message.match === progress.match && message.match >= progress.probeLast;
  if (!isNews && !isProbeTaken) return;
  advance(raft, progress);
  progress.check();
  progress.maybeEndRound(raft.lastIndex, raft.nowMs, raft.settings.electionTimeoutMs);
  if (isNews) maybeCommit(raft);
  // Committing may have ended this member's part in the cluster, or this reign.
  if (!raft.isLeader || !raft.progress.has(message.from)) return;
  sendAppends(raft, message.from);
  maybeSendCommit(raft, message.from, progress);
  maybeTimeoutNow(raft);
}

function advance(raft: Raft, progress: Progress): void {
  if (progress.state === 'replicate') progress.inflight.freeTo(progress.match);
  else if (progress.state === 'probe') progress.becomeReplicate();
  else leaveSnapshot(raft, progress);
}

/**
 * §5.3 and §5.4.2: an entry is committed once a quorum holds it, but only an entry of the leader's own term may be counted so. One of an
 * earlier term on a quorum can still be overwritten (figure 8); it commits with the first of this term behind it.
 */
export function maybeCommit(raft: Raft): boolean {
  const index = quorumIndex(raft.configuration, (voter) => raft.progress.get(voter)?.match ?? 0);
  if (index <= raft.commitIndex || raft.terms.at(index) !== raft.term) return false;
  raft.commitTo(index, 'a quorum holds it');
  releaseUncommitted(raft);
  startWaitingReads(raft);
  maybeFinishChange(raft);
  for (const [member, progress] of raft.progress) if (member !== raft.self) maybeSendCommit(raft, member, progress);
  return true;
}

/** Tells an idle follower how far it may apply. A busy one hears it with the next append. */
function maybeSendCommit(raft: Raft, member: MemberId, progress: Progress): void {
  const commit = Math.min(progress.match, raft.commitIndex);
  if (progress.inflight.count > 0 || progress.commitSent >= commit) return;
  progress.commitSent = commit;
  raft.send({ kind: 'commit-notice', term: raft.term, commit }, member);
}

function releaseUncommitted(raft: Raft): void {
  let gone = 0;
  while (gone < raft.uncommitted.length && raft.uncommitted[gone]!.last <= raft.commitIndex) {
    raft.uncommittedBytes -= raft.uncommitted[gone]!.bytes;
    gone += 1;
  }
  if (gone > 0) raft.uncommitted.splice(0, gone);
}

function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  return bytes;
}
