import { accept } from './acceptance.js';
import { maybeSendAppend } from './appends.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import type { FetchedSnapshot, SnapshotChunk } from './message.js';
import type { Raft, Staging } from './raft.js';
import type { SnapshotMeta } from './snapshot-meta.js';
import type { WriteNumber } from './writes.js';

/** A chunk has come from our storage; or the snapshot is gone, since a newer one has taken its place. */
export function sendChunk(raft: Raft, member: MemberId, read: number, data: Uint8Array | null, isLast: boolean): void {
  const progress = raft.progress.get(member);
  if (progress === undefined || progress.reading !== read || progress.state !== 'snapshot') return;
  progress.reading = 0;
  const { snapshot } = raft;
  progress.pace.sent(progress.snapshotOffset, raft.nowMs);
  const isCurrent = snapshot !== null && snapshot.id === progress.snapshotId;
  // The storage has lost the newest there is: another is on its way, and the member's next heartbeat asks again.
  if (isCurrent && data === null) return;
  if (data === null || !isCurrent) {
    progress.snapshotIndex = 0;
    progress.becomeProbe();
    maybeSendAppend(raft, member, true);
    return;
  }
  raft.send(
    { kind: 'snapshot-chunk', term: raft.term, snapshot, offset: progress.snapshotOffset, data, isLast },
    member,
  );
}

export function handleSnapshotChunk(raft: Raft, message: SnapshotChunk): void {
  const { snapshot, offset } = message;
  if (!isNeeded(raft, snapshot)) {
    if (raft.staging?.snapshot.id === snapshot.id) raft.staging = null;
    accept(raft, message.from, raft.commitIndex);
    return;
  }
  // One of the leader's takes the place of any other: it goes on sending until it hears that this member has it.
  if (raft.staging === null || raft.staging.snapshot.id !== snapshot.id) {
    raft.staging = newStaging(snapshot, message.from);
  }
  const { staging } = raft;
  staging.from = message.from;
  staging.isFetched = false;
  staging.leaderActiveAtMs = raft.nowMs;
  // A part is on its way to disk, and the next is asked for when it is there: a disk that hangs is not given the whole snapshot.
  if (staging.write !== 0 || staging.isWhole) return;
  if (offset === staging.received) stagePart(raft, staging, message);
  else askForRest(raft, staging, message.from);
}

export function newStaging(snapshot: SnapshotMeta, from: MemberId): Staging {
  const leaderActiveAtMs = Number.NEGATIVE_INFINITY;
  return { snapshot, from, isFetched: false, leaderActiveAtMs, received: 0, write: 0, isWhole: false };
}

/** Hands the next part to the storage. */
export function stagePart(
  raft: Raft,
  staging: Staging,
  { offset, data, isLast }: SnapshotChunk | FetchedSnapshot,
): void {
  invariant(offset === staging.received && staging.write === 0, 'parts of a snapshot are kept in order, one at a time');
  staging.write = raft.stage(staging.snapshot, offset, data);
  staging.received += data.byteLength;
  staging.isWhole = isLast;
}

function askForRest(raft: Raft, staging: Staging, leader: MemberId): void {
  staging.leaderActiveAtMs = raft.nowMs;
  const { snapshot, received } = staging;
  raft.send({ kind: 'snapshot-wants', term: raft.term, snapshotId: snapshot.id, offset: received }, leader);
}

/**
 * A part of a snapshot is on disk: on with the next, or the snapshot takes the place of the log.
 *
 * @returns whether that was asked for, to mend a hole: then there is more to ask for
 */
export function staged(raft: Raft, persisted: WriteNumber): boolean {
  const { staging } = raft;
  if (staging === null || staging.write > persisted) return false;
  const isNews = staging.write !== 0;
  staging.write = 0;
  if (staging.isWhole) maybeInstall(raft, staging);
  else if (isNews && !staging.isFetched && raft.leader !== null && !raft.isLeader) {
    askForRest(raft, staging, raft.leader);
  }
  return isNews && staging.isFetched;
}

/**
 * A snapshot whose last part is on disk takes the place of the log. Not before: that part may find no room, and what the log was would
 * be forgotten. Nor behind a write that may find none, which would take the installation with it.
 */
function maybeInstall(raft: Raft, { snapshot, isFetched }: Staging): void {
  if (raft.isLeader || raft.writes.isSpaceNeeded) return;
  raft.staging = null;
  if (!isFetched) {
    if (isNeeded(raft, snapshot)) install(raft, snapshot);
    if (raft.leader !== null) accept(raft, raft.leader, snapshot.index);
  } else if (raft.holes.first <= snapshot.index) {
    // Whoever leads finds out by itself where this member stands now.
    install(raft, snapshot);
  }
}

function isNeeded(raft: Raft, snapshot: SnapshotMeta): boolean {
  return snapshot.index > raft.commitIndex || raft.holes.first <= snapshot.index;
}

/**
 * The snapshot takes the place of the log up to its index. What follows stays only if our log agrees with the snapshot at that
 * index (§7, figure 13 step 6); a suffix that conflicts and stayed would be refused for ever (hashicorp/raft 697).
 */
function install(raft: Raft, snapshot: SnapshotMeta): void {
  const isAgreeing = raft.terms.at(snapshot.index) === snapshot.term;
  invariant(isAgreeing || snapshot.index > raft.commitIndex, 'a snapshot holds what is committed');
  if (isAgreeing && raft.holes.first > snapshot.index) {
    raft.commitTo(snapshot.index, 'the log already holds the snapshot');
    return;
  }
  raft.outbox.install = snapshot;
  // One of its own may be newer: this one only mends. At the same index, the disk keeps the later of the two.
  if (raft.snapshot === null || raft.snapshot.index <= snapshot.index) raft.snapshot = snapshot;
  raft.holes.deleteBetween(0, isAgreeing ? snapshot.index : Number.POSITIVE_INFINITY);
  const placed = { index: snapshot.configurationIndex, configuration: snapshot.configuration };
  if (isAgreeing) {
    raft.terms.compact(snapshot.index);
    raft.configurations.compact(snapshot.index);
  } else {
    if (raft.lastIndex > snapshot.index) raft.outbox.truncateFrom = snapshot.index + 1;
    raft.terms.reset(snapshot);
    raft.tail.reset(snapshot.index);
    // What stands in the log above the last committed entry, until the snapshot is on disk, may be another log's.
    raft.writes.truncate(raft.commitIndex + 1);
    raft.format.replaced?.(snapshot);
    raft.configurations.restore(placed);
    raft.configurationChanged('came with a snapshot');
  }
  raft.trace?.('snapshot', isAgreeing ? 'mends a hole' : 'replaces the log', {
    snapshot: snapshot.id,
    upTo: snapshot.index,
  });
  raft.commitTo(snapshot.index, 'snapshot');
}

/** The program has written a snapshot of its own, and the log may forget what it covers. */
export function compacted(raft: Raft, snapshot: SnapshotMeta, upTo: number): void {
  invariant(snapshot.index <= raft.commitIndex, 'a snapshot covers committed entries only');
  invariant(upTo <= snapshot.index, 'what the log forgets, a snapshot holds');
  if (raft.snapshot === null || snapshot.index >= raft.snapshot.index) raft.snapshot = snapshot;
  if (upTo <= raft.terms.start.index) return;
  invariant(upTo <= raft.writes.durableIndex, 'only what is on disk is compacted');
  raft.terms.compact(upTo);
  raft.configurations.compact(upTo);
  raft.holes.deleteBetween(0, upTo);
  raft.trace?.('snapshot', 'written here', { snapshot: snapshot.id, upTo: snapshot.index, logStart: upTo });
}
