import { type Entry, entryBytes } from './entry.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import type { Progress } from './progress.js';
import type { Raft } from './raft.js';
import { sendSnapshot } from './snapshot-source.js';

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
  const { appendBytesMax } = raft.settings;
  const entriesMax = entriesMaxFor(raft, progress);
  if (progress.next < raft.tail.first) {
    const last = Math.min(raft.tail.first - 1, progress.next + entriesMax - 1);
    progress.reading = raft.startRead({ purpose: 'append', peer: member });
    raft.outbox.add({ kind: 'read', read: progress.reading, first: progress.next, last, bytesMax: appendBytesMax });
    return false;
  }
  sendAppend(raft, member, progress, raft.tail.slice(progress.next, appendBytesMax, entriesMax));
  return true;
}

function entriesMaxFor(raft: Raft, progress: Progress): number {
  return progress.isProbeLost ? 1 : raft.settings.appendEntriesMax;
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
  const isWanted = first !== undefined && first.index === progress.next && !progress.isPaused;
  // The log may have been compacted while they were read; then the member is sent a snapshot instead.
  if (isWanted && raft.terms.at(first.index - 1) !== undefined) {
    invariant(
      entries.every((entry, at) => entry.index === first.index + at && raft.terms.at(entry.index) === entry.term),
      'storage returned other entries than it was given',
    );
    sendAppend(raft, member, progress, fitting(raft, entries, entriesMaxFor(raft, progress)));
  }
  sendAppends(raft, member);
}

/** A storage counts bytes in its own way; what one append may carry is counted in ours. */
function fitting(raft: Raft, entries: readonly Entry[], entriesMax: number): readonly Entry[] {
  const { appendBytesMax } = raft.settings;
  let bytes = 0;
  let count = 0;
  while (count < entries.length && count < entriesMax) {
    bytes += entryBytes(entries[count]!);
    if (count > 0 && bytes > appendBytesMax) break;
    count += 1;
  }
  return count === entries.length ? entries : entries.slice(0, count);
}

function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  return bytes;
}
