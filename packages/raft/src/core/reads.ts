import type { ReadAnswer, ReadRequest } from './message.js';
import type { Raft, WaitingRead } from './raft.js';
import { startWaitingReads } from './rounds.js';

/*
 * Linearizable reads without writing to the log (§8, thesis §6.4). The leader notes its commit index, proves with one
 * round of heartbeats that it was still the leader after that, and the read may be served by whoever has applied that much.
 * Rounds are numbered and an answer to a later round proves the earlier ones; nobody's token travels in a heartbeat, so
 * a late answer to an old round can never confirm a new read (etcd 20418).
 */

/** A read on this member, leader or not. */
export function read(raft: Raft, token: number): void {
  if (countReads(raft) >= raft.settings.readsMax) {
    raft.outbox.add({ kind: 'read-refused', token, reason: 'overloaded' });
    return;
  }
  raft.waitingReads.push({ token, deadlineMs: raft.nowMs + raft.settings.readTimeoutMs });
  if (raft.isLeader) startWaitingReads(raft);
  else maybeAskLeader(raft);
}

/** Reads of this member's own callers, wherever they wait. */
export function countReads(raft: Raft): number {
  let count = raft.waitingReads.length;
  for (const asked of raft.askedReads) count += asked.reads.length;
  for (const batch of raft.readBatches) count += batch.reads.length;
  return count;
}

/** A follower asks on behalf of its readers. Where it asked before, the later request covers the earlier. */
export function handleReadRequest(raft: Raft, message: ReadRequest): void {
  if (!raft.isLeader || raft.waitingRequests.length >= raft.settings.readsMax) return;
  raft.waitingRequests = raft.waitingRequests.filter((each) => each.from !== message.from);
  raft.waitingRequests.push({ from: message.from, request: message.request });
  startWaitingReads(raft);
}

/** The leader took this index after it got the request, so it covers every read that was asked for by then. */
export function handleReadAnswer(raft: Raft, message: ReadAnswer): void {
  if (message.from !== raft.leader) return;
  // An answer to a question of an earlier life is older than any read of this one, whatever its number.
  if (message.request <= raft.readRequestBase || message.request > raft.readRequest) return;
  const answered = raft.askedReads.filter((asked) => asked.request <= message.request);
  raft.askedReads = raft.askedReads.filter((asked) => asked.request > message.request);
  for (const { reads } of answered) {
    for (const { token } of reads) raft.outbox.add({ kind: 'read-ready', token, index: message.index });
  }
  maybeAskLeader(raft);
}

/** Asks the leader, if there is one and no question is out. */
function maybeAskLeader(raft: Raft): void {
  if (raft.leader === null || raft.isLeader) return;
  if (raft.waitingReads.length === 0 || raft.askedReads.length > 0) return;
  raft.readRequest += 1;
  raft.askedReads.push({ request: raft.readRequest, reads: raft.waitingReads });
  raft.waitingReads = [];
  raft.readAskedAtMs = raft.nowMs;
  raft.send({ kind: 'read-request', term: raft.term, request: raft.readRequest }, raft.leader);
}

/** Gives up on reads that waited too long, and asks again where the question or its answer was lost. */
export function tickReads(raft: Raft): void {
  if (raft.waitingReads.length === 0 && raft.askedReads.length === 0 && raft.readBatches.length === 0) return;
  const isOpen = (each: WaitingRead): boolean => {
    if (raft.nowMs < each.deadlineMs) return true;
    const reason = raft.leader === null ? 'no-leader' : 'timeout';
    raft.outbox.add({ kind: 'read-refused', token: each.token, reason });
    return false;
  };
  raft.waitingReads = raft.waitingReads.filter(isOpen);
  raft.askedReads = raft.askedReads
    .map((asked) => ({ request: asked.request, reads: asked.reads.filter(isOpen) }))
    .filter((asked) => asked.reads.length > 0);
  raft.readBatches = raft.readBatches.map((batch) => ({ ...batch, reads: batch.reads.filter(isOpen) }));
  if (raft.nowMs - raft.readAskedAtMs >= 2 * raft.settings.heartbeatMs) {
    raft.waitingReads = [...raft.askedReads.flatMap((asked) => asked.reads), ...raft.waitingReads];
    raft.askedReads = [];
  }
  if (raft.isLeader) startWaitingReads(raft);
  else maybeAskLeader(raft);
}
