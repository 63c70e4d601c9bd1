import type { Random } from '@commitlog/runtime';
import { sendRead } from './appends.js';
import type { PlacedConfiguration } from './configuration.js';
import { persisted, storageReady, writeFailed } from './durability.js';
import type { Effect, Input, Role, StoredState } from './effect.js';
import { campaign } from './election.js';
import type { Entry, Index, Term } from './entry.js';
import { type EntryFormat, plainFormat } from './entry-format.js';
import { checkQuorum } from './heartbeat.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import { isCaughtUp, proposeMembership } from './membership.js';
import type { ProgressState } from './progress.js';
import { propose } from './propose.js';
import { Raft } from './raft.js';
import { countReads, read, tickReads } from './reads.js';
import { markUnreadable, maybeFetch, sendFetched } from './repair.js';
import { beat } from './rounds.js';
import { type CoreSettings, checkSettings } from './settings.js';
import { compacted, sendChunk } from './snapshot.js';
import { sendFetchedPart } from './snapshot-fetch.js';
import type { SnapshotMeta } from './snapshot-meta.js';
import { stepMessage } from './step.js';
import type { TraceEvent, TraceSink } from './trace.js';
import { handOver, tickTransfer, transfer } from './transfer.js';

/** How a member stands, as its leader sees it. */
export interface MemberStatus {
  readonly member: MemberId;
  readonly state: ProgressState;
  readonly match: Index;
  readonly isCaughtUp: boolean;
}

/** What a core tells about itself. */
export interface CoreStatus {
  readonly self: MemberId;
  readonly role: Role;
  readonly term: Term;
  readonly vote: MemberId | null;
  readonly leader: MemberId | null;
  readonly firstIndex: Index;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  readonly durableIndex: Index;
  readonly commitIndex: Index;
  readonly configuration: PlacedConfiguration;
  /** How many entries the disk cannot read, and the lowest of them. */
  readonly unreadable: number;
  readonly firstUnreadable: Index | null;
  readonly isStorageRefusing: boolean;
  readonly isHalted: boolean;
  /** The leader's view of everybody; empty elsewhere. */
  readonly members: readonly MemberStatus[];
}

/**
 * One member of one Raft group: a synchronous state machine. Inputs go in with the time at which they happened, effects
 * come out; there is no clock, timer, disk, network or promise inside, and randomness is given. The same inputs give the same effects.
 */
export class RaftCore {
  readonly #raft: Raft;
  #said: { role: Role; term: Term; leader: MemberId | null };

  constructor(
    settings: CoreSettings,
    stored: StoredState,
    components: {
      readonly random: Random;
      readonly trace?: TraceSink | undefined;
      /** What entries' bytes look like; by default they are what was proposed. */
      readonly format?: EntryFormat | undefined;
    },
  ) {
    checkSettings(settings);
    const { random, trace, format = plainFormat } = components;
    this.#raft = new Raft(settings, stored, random, format, trace);
    this.#said = { role: 'follower', term: this.#raft.term, leader: null };
  }

  /**
   * Takes one input and returns what it wants done, to be started in this order. Never re-entered.
   *
   * @param nowMs a monotonic clock; the first call sets its start
   * @throws InvariantError when the protocol has been broken: this member must stop
   */
  step(input: Input, nowMs: number): Effect[] {
    const raft = this.#raft;
    if (raft.isHalted) return [];
    advanceTime(raft, nowMs);
    apply(raft, input);
    const { role, term, leader } = raft;
    if (role !== this.#said.role || term !== this.#said.term || leader !== this.#said.leader) {
      this.#said = { role, term, leader };
      raft.outbox.add({ kind: 'role', role, term, leader, cause: raft.roleCause });
    }
    const effects = raft.flush();
    raft.check();
    return effects;
  }

  /**
   * From now on, what happens goes to this sink and to no other; to nobody where there is none, and then no event is made. The sink is
   * called in the middle of a step: it must not throw, nor call this core.
   */
  traceTo(sink: TraceSink | undefined): void {
    this.#raft.traceTo(sink);
  }

  /**
   * How this member is, for whoever begins to watch now: an event of kind `role`, which says also `vote`, `durable` and `logStart`, and one
   * of kind `configuration`.
   *
   * @param nowMs by the clock that `step` is given
   */
  traceOfNow(nowMs: number, cause: string): TraceEvent[] {
    const { role, leader, vote, writes, terms, configurations } = this.#raft;
    const { index: configurationIndex, configuration } = configurations.current;
    const standing = { vote, durable: writes.durableIndex, logStart: terms.start.index };
    return [
      this.#raft.traced('role', cause, { atMs: nowMs, role, ...(role === 'follower' && { leader }), ...standing }),
      this.#raft.traced('configuration', cause, { atMs: nowMs, configurationIndex, ...configuration }),
    ];
  }

  get isLeader(): boolean {
    return this.#raft.isLeader;
  }

  get leader(): MemberId | null {
    return this.#raft.leader;
  }

  get term(): Term {
    return this.#raft.term;
  }

  get commitIndex(): Index {
    return this.#raft.commitIndex;
  }

  get durableIndex(): Index {
    return this.#raft.writes.durableIndex;
  }

  get configuration(): PlacedConfiguration {
    return this.#raft.configurations.current;
  }

  /** Whether a committed configuration leaves this member out: nobody sends it anything any more. */
  get isRemoved(): boolean {
    const { configurations, commitIndex, self } = this.#raft;
    const { index, configuration } = configurations.current;
    if (index === 0 || index > commitIndex) return false;
    const { voters, outgoing, learners } = configuration;
    return !voters.includes(self) && !outgoing.includes(self) && !learners.includes(self);
  }

  /** The configuration as of `index`: a snapshot of that index carries it. */
  configurationAt(index: Index): PlacedConfiguration {
    return this.#raft.configurations.at(index);
  }

  /** The term of the entry at `index`, or undefined where the log does not reach. */
  termAt(index: Index): Term | undefined {
    return this.#raft.terms.at(index);
  }

  /**
   * Entries up to `index` have been applied: from the next step on they stay in memory only for members that lack them. Untold, all stay, up to
   * `cacheBytesMax`.
   */
  applied(index: Index): void {
    this.#raft.appliedIndex = index;
  }

  /** Entries from `first` to at most `last` out of memory, or an empty list where the first is no longer there. */
  cached(first: Index, last: Index): Entry[] {
    const { tail, lastIndex } = this.#raft;
    if (first < tail.first || first > lastIndex || last < first) return [];
    return tail.slice(first, Number.POSITIVE_INFINITY, last - first + 1);
  }

  /** What is queued or kept in memory, in bytes or in number: each has a stated bound. */
  get held(): {
    readonly cachedBytes: number;
    readonly uncommittedBytes: number;
    readonly inflightBytes: number;
    readonly waitingReads: number;
    readonly pendingWrites: number;
  } {
    const raft = this.#raft;
    let inflightBytes = 0;
    for (const progress of raft.progress.values()) inflightBytes = Math.max(inflightBytes, progress.inflight.bytes);
    return {
      cachedBytes: raft.tail.bytes,
      uncommittedBytes: raft.uncommittedBytes,
      inflightBytes,
      waitingReads: countReads(raft),
      pendingWrites: raft.writes.count,
    };
  }

  get status(): CoreStatus {
    const raft = this.#raft;
    const members: MemberStatus[] = [];
    for (const [member, progress] of raft.progress) {
      members.push({ member, state: progress.state, match: progress.match, isCaughtUp: isCaughtUp(raft, member) });
    }
    return {
      self: raft.self,
      role: raft.role,
      term: raft.term,
      vote: raft.vote,
      leader: raft.leader,
      firstIndex: raft.terms.start.index + 1,
      lastIndex: raft.lastIndex,
      lastTerm: raft.terms.lastTerm,
      durableIndex: raft.writes.durableIndex,
      commitIndex: raft.commitIndex,
      configuration: raft.configurations.current,
      unreadable: raft.holes.size,
      firstUnreadable: raft.holes.size === 0 ? null : raft.holes.first,
      isStorageRefusing: raft.isStorageRefusing,
      isHalted: raft.isHalted,
      members,
    };
  }

  get snapshot(): SnapshotMeta | null {
    return this.#raft.snapshot;
  }

  /** Whether this member is sending its snapshot to another: one that it leads and has heard lately, or one that asked for it. */
  get isSendingSnapshot(): boolean {
    const { progress, nowMs, settings, snapshotServedAtMs } = this.#raft;
    // On a slow link the next question may come long after the last part has left.
    if (nowMs - snapshotServedAtMs < 10 * settings.electionTimeoutMs) return true;
    for (const { state, heardAtMs } of progress.values()) {
      if (state === 'snapshot' && nowMs - heardAtMs < settings.electionTimeoutMs) return true;
    }
    return false;
  }
}

/**
 * After a pause longer than an election timeout (a stopped process, a blocked event loop) silence proves nothing: the leader's
 * messages may be waiting in our own queues. So the clock of the election starts anew.
 */
function advanceTime(raft: Raft, nowMs: number): void {
  invariant(nowMs >= raft.nowMs, `the clock went back from ${raft.nowMs} to ${nowMs}`);
  const isPaused = nowMs - raft.nowMs > raft.settings.electionTimeoutMs;
  raft.nowMs = nowMs;
  if (isPaused && !raft.isLeader) raft.drawElectionTimeout();
}

function apply(raft: Raft, input: Input): void {
  switch (input.kind) {
    case 'tick':
      tick(raft);
      return;
    case 'message':
      stepMessage(raft, input.message);
      return;
    case 'persisted':
      persisted(raft, input.write);
      return;
    case 'write-failed':
      writeFailed(raft, input.from, input.isFatal);
      return;
    case 'storage-ready':
      storageReady(raft);
      return;
    case 'read-done':
      readDone(raft, input.read, input.entries);
      return;
    case 'read-failed':
      readFailed(raft, input.read, input.unreadable);
      return;
    case 'snapshot-read':
      snapshotRead(raft, input.read, input.data, input.isLast);
      return;
    case 'unreadable':
      markUnreadable(raft, input.indexes);
      return;
    case 'compacted':
      compacted(raft, input.snapshot, input.upTo);
      return;
    case 'propose':
      propose(raft, input.data);
      return;
    case 'propose-membership':
      proposeMembership(raft, input.expects, input);
      return;
    case 'transfer':
      transfer(raft, input.to);
      return;
    case 'read':
      read(raft, input.token);
      return;
  }
}

function tick(raft: Raft): void {
  if (raft.isLeader) tickLeader(raft);
  else if (raft.nowMs >= raft.electionDeadlineMs) campaign(raft, 'heard no leader');
  else if (raft.role === 'follower' && raft.isAloneFromStart && raft.isPromotable) campaign(raft, 'the only voter');
  maybeFetch(raft);
  tickReads(raft);
}

function tickLeader(raft: Raft): void {
  if (raft.isDiskStalled) handOver(raft, 'its disk stalls');
  else checkQuorum(raft);
  if (!raft.isLeader) return;
  tickTransfer(raft);
  if (raft.nowMs >= raft.heartbeatDueMs) beat(raft);
}

function readDone(raft: Raft, number: number, entries: readonly Entry[]): void {
  const pending = raft.reads.get(number);
  raft.reads.delete(number);
  if (pending === undefined) return;
  if (pending.purpose === 'append' && raft.isLeader) sendRead(raft, pending.peer, number, entries);
  else if (pending.purpose === 'fetch') sendFetched(raft, pending.peer, entries);
}

function readFailed(raft: Raft, number: number, unreadable: readonly Index[]): void {
  const pending = raft.reads.get(number);
  raft.reads.delete(number);
  const progress = pending === undefined ? undefined : raft.progress.get(pending.peer);
  if (progress?.reading === number) progress.reading = 0;
  markUnreadable(raft, unreadable);
}

function snapshotRead(raft: Raft, number: number, data: Uint8Array | null, isLast: boolean): void {
  const pending = raft.reads.get(number);
  raft.reads.delete(number);
  if (pending?.purpose === 'fetch-snapshot') sendFetchedPart(raft, pending, data, isLast);
  else if (pending !== undefined && raft.isLeader) sendChunk(raft, pending.peer, number, data, isLast);
}
