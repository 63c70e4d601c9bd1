import { membersOf } from './configuration.js';
import type { MemberId } from './member.js';
import type { Fetch, FetchedSnapshot } from './message.js';
import type { PendingRead, Raft, Staging } from './raft.js';
import { becomeFollower } from './roles.js';
import { newStaging, stagePart } from './snapshot.js';

/*
 * A hole whose entry others have compacted is mended by a snapshot, and a leader's alone would not do: where no quorum can do without the
 * member that has the hole, nobody leads until it is mended. What a snapshot stands for is committed, so any member may hand out its own.
 *
 * The one with the hole asks for part after part, in `fetch`. Whoever answers keeps nothing but the read of the part that was asked for last.
 */

/** The entry cannot be read here: perhaps our snapshot stands for it. */
export function serveSnapshot(raft: Raft, { from: peer, first, snapshotId, offset: held }: Fetch): void {
  const { snapshot } = raft;
  if (snapshot === null || snapshot.index < first || raft.isReadingFor(peer, 'fetch-snapshot')) return;
  // A newer one has taken the place of the one that it has a part of: it starts over.
  const offset = snapshotId === snapshot.id ? held : 0;
  const read = raft.startRead({ purpose: 'fetch-snapshot', peer, snapshot, offset });
  raft.outbox.add({ kind: 'read-snapshot', read, snapshot, offset, bytesMax: raft.settings.snapshotChunkBytes });
}

/** A part has come from our storage; null: the snapshot is gone, since a newer one has taken its place. It will be asked for again. */
export function sendFetchedPart(
  raft: Raft,
  { peer, snapshot, offset }: Extract<PendingRead, { purpose: 'fetch-snapshot' }>,
  data: Uint8Array | null,
  isLast: boolean,
): void {
  if (data === null) return;
  raft.snapshotServedAtMs = isLast ? Number.NEGATIVE_INFINITY : raft.nowMs;
  if (offset === 0) {
    raft.trace?.('snapshot', 'asked for', { to: peer, snapshot: snapshot.id, upTo: snapshot.index });
  }
  raft.send({ kind: 'fetched-snapshot', term: raft.term, snapshot, offset, data, isLast }, peer);
}

/** Whether a snapshot that holds the lowest hole comes without being asked for, or has come and is on its way to disk. */
export function isSnapshotComing(raft: Raft): boolean {
  const { staging } = raft;
  if (staging === null || raft.holes.first > staging.snapshot.index) return false;
  return staging.write !== 0 || staging.isWhole || isFromOurLeader(raft, staging);
}

/**
 * Whether our leader is still sending it. A leader stops where it learns that this member's log was longer than it thought, of which an
 * acknowledgement from before the hole was found may have told it; so whoever waits for the rest waits for a time only.
 */
function isFromOurLeader(raft: Raft, { from, isFetched, leaderActiveAtMs }: Staging): boolean {
  if (isFetched || from !== raft.leader) return false;
  return raft.nowMs - leaderActiveAtMs < 2 * raft.settings.electionTimeoutMs;
}

/**
 * What a snapshot stands for was committed in its sender's term at the latest. From now on this member takes it for committed, and relies on
 * its leader to have it: that holds for leaders of that term and of later ones only. So it enters that term; or, where its leader is
 * alive, leaves the snapshot alone, for that leader can mend the hole too.
 */
export function handleFetchedSnapshot(raft: Raft, message: FetchedSnapshot): void {
  const { snapshot, from } = message;
  const isWanted = !raft.isLeader && raft.holes.first <= snapshot.index && membersOf(raft.configuration).has(from);
  if (!isWanted || !isNext(raft, message)) return;
  if (message.term > raft.term) {
    if (raft.isLeaderAlive) {
      raft.trace?.('drop', 'the leader is alive', { message: message.id, from });
      return;
    }
    becomeFollower(raft, message.term, null, `a higher term from ${from}`);
  }
  raft.fetching.answered(raft.nowMs);
  stagePart(raft, stagingFor(raft, message), message);
}

/** Whether this is the part that comes next: of the snapshot that is on its way, or the first of one that may take its place. */
function isNext(raft: Raft, { snapshot, offset, from }: FetchedSnapshot): boolean {
  const { staging } = raft;
  if (staging === null) return offset === 0;
  if (staging.write !== 0 || staging.isWhole || isFromOurLeader(raft, staging)) return false;
  if (staging.snapshot.id === snapshot.id) return offset === staging.received;
  return offset === 0 && mayReplace(raft, staging, { snapshot, from });
}

function mayReplace(
  raft: Raft,
  staging: Staging,
  { snapshot, from }: { readonly snapshot: FetchedSnapshot['snapshot']; readonly from: MemberId },
): boolean {
  // The old leader's: nobody sends the rest of it.
  if (!staging.isFetched) return true;
  // Late, since nobody's snapshots go back; or a newer one.
  if (staging.from === from) return staging.snapshot.index <= snapshot.index;
  return raft.fetching.isSourceLost;
}

function stagingFor(raft: Raft, { snapshot, from }: FetchedSnapshot): Staging {
  if (raft.staging?.snapshot.id !== snapshot.id) {
    raft.staging = newStaging(snapshot, from);
  }
  const staging = raft.staging!;
  staging.from = from;
  staging.isFetched = true;
  return staging;
}
