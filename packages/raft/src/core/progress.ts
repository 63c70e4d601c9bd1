import type { Index } from './entry.js';
import { Inflight } from './inflight.js';
import { invariant } from './invariant.js';
import { ResendPace } from './resend-pace.js';
import type { CoreSettings } from './settings.js';

/**
 * How a leader feeds one follower.
 *
 * - `probe`: where the logs agree is not known, or whether it takes anything; one append at a time, until one is accepted.
 * - `replicate`: known; appends are sent ahead of their acknowledgements, `next` moving with each.
 * - `snapshot`: what it needs is gone from the log; nothing is appended until the snapshot has arrived.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

type ProgressSettings = Pick<
  CoreSettings,
  'inflightCountMax' | 'inflightBytesMax' | 'heartbeatMs' | 'electionTimeoutMs'
>;

/** What a leader knows of one member, and how it paces what it sends there (etcd's `tracker.Progress`). */
export class Progress {
  state: ProgressState = 'probe';
  /** The follower has said that it durably holds the leader's log up to here. Never goes back. */
  match: Index = 0;
  /** The next entry to send. Above `match`, always. */
  next: Index;
  /** In `probe`: one append is out, and the next waits for its answer, or for word that it did not arrive. */
  isProbeSent = false;
  /** The last index of that append. Only an answer that covers it says that appends get through. */
  probeLast: Index = 0;
  /** In `probe`: one was lost, or found no room. From then on each carries one entry, however often that may come to nothing. */
  isProbeLost = false;
  /** When a heartbeat's answer last let an append through. */
  probedAtMs: number = Number.NEGATIVE_INFINITY;
  readonly inflight: Inflight;
  /** When this member last answered anything in this reign. */
  heardAtMs: number;
  /** The highest heartbeat round that it has answered. */
  ackedRound = 0;
  /** The highest commit index sent to it. */
  commitSent: Index = 0;
  /** Number of the storage read that fetches what it needs next, or 0. At most one at a time. */
  reading = 0;
  /** In `snapshot`: which one, how far the follower has it, and how fast it gets there. */
  snapshotId = '';
  snapshotIndex: Index = 0;
  snapshotOffset = 0;
  readonly pace: ResendPace;
  /** Catch-up rounds (thesis §4.2.1): each replicates what the log held when the round began. */
  roundTarget: Index;
  roundStartedAtMs: number;
  isCaughtUp = false;

  constructor(lastIndex: Index, nowMs: number, settings: ProgressSettings) {
    this.next = lastIndex + 1;
    this.inflight = new Inflight(settings.inflightCountMax, settings.inflightBytesMax);
    this.pace = new ResendPace(2 * settings.heartbeatMs, 10 * settings.electionTimeoutMs);
    this.heardAtMs = nowMs;
    this.roundTarget = lastIndex;
    this.roundStartedAtMs = nowMs;
  }

  get isPaused(): boolean {
    if (this.reading !== 0) return true;
    if (this.state === 'probe') return this.isProbeSent;
    return this.state === 'snapshot' || this.inflight.isFull;
  }

  becomeProbe(): void {
    // After a snapshot the follower may hold all of it though its answer was lost: probe there, not from the start.
    this.next = this.state === 'snapshot' ? Math.max(this.match, this.snapshotIndex) + 1 : this.match + 1;
    this.#enter('probe');
  }

  becomeReplicate(): void {
    this.next = this.match + 1;
    this.#enter('replicate');
  }

  becomeSnapshot(snapshot: { readonly id: string; readonly index: Index }): void {
    invariant(this.match < snapshot.index, 'who holds what a snapshot does is not sent it');
    this.#enter('snapshot');
    this.snapshotId = snapshot.id;
    this.snapshotIndex = snapshot.index;
    this.snapshotOffset = 0;
    this.pace.restart();
  }

  /** An acknowledgement up to `match`. Returns whether it said something new. */
  maybeUpdate(match: Index): boolean {
    this.next = Math.max(this.next, match + 1);
    if (match <= this.match) return false;
    this.match = match;
    return true;
  }

  /**
   * The follower refused an append that followed `rejected`. Returns whether that was news, not a late or doubled answer.
   *
   * @param hint the last index at which the two logs may agree
   */
  maybeDecrease(rejected: Index, hint: Index): boolean {
    if (this.state === 'replicate') {
      // Pipelined appends arrive in any order; one that the follower has acknowledged past is no rejection any more.
      if (rejected <= this.match) return false;
      this.next = Math.max(this.match + 1, Math.min(rejected, hint + 1));
      return true;
    }
    // In probe there is one append out; an answer to any other is from before.
    if (this.state === 'snapshot' || this.next - 1 !== rejected) return false;
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
    this.isProbeSent = false;
    return true;
  }

  /** Whether an entry is out in a probe, and has not been answered. */
  get isProbeOut(): boolean {
    return this.state === 'probe' && this.isProbeSent && this.probeLast >= this.next;
  }

  sent(last: Index, bytes: number): void {
    if (this.state === 'replicate') {
      this.next = last + 1;
      if (bytes > 0) this.inflight.add(last, bytes);
    } else {
      this.isProbeSent = true;
      this.probeLast = last;
    }
  }

  /** A round ends when the follower has what the log held at its start; one shorter than an election means caught up. */
  maybeEndRound(lastIndex: Index, nowMs: number, roundMsMax: number): void {
    if (this.match < this.roundTarget) return;
    this.isCaughtUp = nowMs - this.roundStartedAtMs < roundMsMax;
    this.roundTarget = lastIndex;
    this.roundStartedAtMs = nowMs;
  }

  /** Whether its last round was short enough, and the one that it is in can still be. */
  isKeepingUp(nowMs: number, roundMsMax: number): boolean {
    const isLate = this.match < this.roundTarget && nowMs - this.roundStartedAtMs >= roundMsMax;
    return this.isCaughtUp && !isLate;
  }

  check(): void {
    invariant(this.next > this.match, `next ${this.next} must be above match ${this.match}`);
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.isProbeSent = false;
    this.isProbeLost = false;
    this.reading = 0;
    this.inflight.clear();
  }
}
