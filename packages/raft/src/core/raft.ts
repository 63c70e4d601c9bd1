import { type Random, randomBelow } from '@commitlog/runtime';
import { type Configuration, ConfigurationHistory, decodeConfiguration, isVoter } from './configuration.js';
import type { Effect, HardState, Role, StoredState } from './effect.js';
import { type Entry, type EntryType, entryBytes, type Index, type Term } from './entry.js';
import type { EntryFormat } from './entry-format.js';
import { Fetching } from './fetching.js';
import { Holes } from './holes.js';
import { invariant } from './invariant.js';
import type { MemberId } from './member.js';
import type { DurableMessage, Unaddressed, VolatileMessage } from './message.js';
import { Outbox } from './outbox.js';
import type { Progress } from './progress.js';
import type { CoreSettings } from './settings.js';
import type { SnapshotMeta } from './snapshot-meta.js';
import { Tail } from './tail.js';
import { Terms } from './terms.js';
import type { Trace, TraceEvent, TraceKind, TraceSink } from './trace.js';
import { type WriteNumber, Writes } from './writes.js';

/** A read that waits for a leader's confirmation. */
export interface WaitingRead {
  readonly token: number;
  readonly deadlineMs: number;
}

/** Reads, one's own or a follower's request, that one heartbeat round will confirm. */
export interface ReadBatch {
  readonly round: number;
  readonly index: Index;
  readonly reads: readonly WaitingRead[];
  readonly requests: readonly { readonly from: MemberId; readonly request: number }[];
}

/** A snapshot on its way here: one at a time. */
export interface Staging {
  readonly snapshot: SnapshotMeta;
  from: MemberId;
  /** This member asked for it, to mend a hole; otherwise it comes from a leader whose log has forgotten what is needed here. */
  isFetched: boolean;
  /** When a leader last sent a part, or was asked for the next one. It may find out that it need not send the rest, and says nothing then. */
  leaderActiveAtMs: number;
  /** Bytes that were handed to the storage. */
  received: number;
  /** The write of the newest part while it is under way, else 0: one part at a time. */
  write: WriteNumber;
  /** The last part has come: when it is on disk, the snapshot can be installed. */
  isWhole: boolean;
}

/** What a storage read was for. */
export type PendingRead =
  | { readonly purpose: 'append' | 'snapshot' | 'fetch'; readonly peer: MemberId }
  | {
      readonly purpose: 'fetch-snapshot';
      readonly peer: MemberId;
      readonly snapshot: SnapshotMeta;
      readonly offset: number;
    };

/**
 * One member's whole state (figure 2, and what the extensions add), and the few operations on it that keep several fields
 * true together. The protocol is in the verbs around this file; whatever they decide, they change through here.
 */
export class Raft {
  nowMs = 0;

  // Figure 2, persistent: in memory they may be ahead of the disk; nothing that depends on them is said before they are on it.
  term: Term;
  vote: MemberId | null;
  readonly terms: Terms;
  readonly tail: Tail;
  readonly writes: Writes;
  readonly configurations: ConfigurationHistory;
  snapshot: SnapshotMeta | null;

  // Figure 2, volatile.
  role: Role = 'follower';
  leader: MemberId | null = null;
  /** Why the role is what it is, for people. */
  roleCause = 'started';
  commitIndex: Index;
  /** As far as this member is known to have applied. */
  appliedIndex: Index = 0;

  // Elections.
  electionTimeoutMs = 0;
  electionDeadlineMs = 0;
  /** The term that it started in. */
  readonly startTerm: Term;
  leaderHeardAtMs: number = Number.NEGATIVE_INFINITY;
  readonly votes: Map<MemberId, boolean> = new Map();
  /** The write that holds this candidate's vote for itself: it counts once it is on disk. */
  voteWrite = 0;

  // The leader's.
  readonly progress: Map<MemberId, Progress> = new Map();
  heartbeatDueMs = 0;
  round = 0;
  /** The first entry of this reign: until it is committed, what is committed is not known (§8). */
  reignStart: Index = 0;
  readonly uncommitted: { last: Index; bytes: number }[] = [];
  uncommittedBytes = 0;
  transfer: { readonly to: MemberId; readonly deadlineMs: number; isSent: boolean } | null = null;

  // Reads.
  waitingReads: WaitingRead[] = [];
  waitingRequests: { readonly from: MemberId; readonly request: number }[] = [];
  readBatches: ReadBatch[] = [];
  /** A follower's questions to its leader: `request` covers the reads in `askedReads` whose request is not above it. */
  readRequest: number;
  /** The number before this life's first question. */
  readonly readRequestBase: number;
  askedReads: { readonly request: number; readonly reads: readonly WaitingRead[] }[] = [];
  readAskedAtMs = 0;

  // The disk.
  readonly holes: Holes;
  readonly fetching: Fetching;
  /** When a part of the snapshot, and not its last, was last read for a member that asked for it. */
  snapshotServedAtMs: number = Number.NEGATIVE_INFINITY;
  readonly reads: Map<number, PendingRead> = new Map();
  lastRead = 0;
  /** Out of space: entries cannot be written for now. */
  isStorageRefusing = false;
  /** A sync failed: this member has spoken its last word. */
  isHalted = false;
  staging: Staging | null = null;

  readonly outbox: Outbox;
  /** Absent while nobody watches: no event is made then, nor what would be in it. */
  trace: Trace | undefined;

  constructor(
    readonly settings: CoreSettings,
    stored: StoredState,
    readonly random: Random,
    readonly format: EntryFormat,
    sink: TraceSink | undefined,
  ) {
    this.traceTo(sink);
    this.terms = new Terms(stored.start, stored.terms, stored.lastIndex);
    this.tail = new Tail(stored.lastIndex);
    this.writes = new Writes(stored.lastIndex);
    this.snapshot = stored.snapshot;
    const base = stored.snapshot;
    const placed = base === null ? [] : [{ index: base.configurationIndex, configuration: base.configuration }];
    const newer = stored.configurations.filter((each) => each.index > (placed[0]?.index ?? 0));
    this.configurations = new ConfigurationHistory([...placed, ...newer]);
    // An entry of a term proves that the term began, even where the crash fell between the entry's write and hard state's.
    const isTermFromLog = this.terms.lastTerm > stored.hardState.term;
    this.term = isTermFromLog ? this.terms.lastTerm : stored.hardState.term;
    this.startTerm = this.term;
    this.vote = isTermFromLog ? null : stored.hardState.vote;
    this.commitIndex = Math.max(
      stored.start.index,
      base?.index ?? 0,
      Math.min(stored.hardState.commit, stored.lastIndex),
    );
    this.fetching = new Fetching(settings);
    this.holes = new Holes(stored.unreadable.filter((index) => index > stored.start.index));
    this.readRequestBase = randomBelow(random, 2 ** 32) * 2 ** 20;
    this.readRequest = this.readRequestBase;
    this.outbox = new Outbox(settings.self);
    this.drawElectionTimeout();
    this.check();
  }

  get self(): MemberId {
    return this.settings.self;
  }

  get lastIndex(): Index {
    return this.terms.lastIndex;
  }

  get configuration(): Configuration {
    return this.configurations.current.configuration;
  }

  get isLeader(): boolean {
    return this.role === 'leader';
  }

  /**
   * The commit hint names only entries that are on disk already: a write puts hard state down before it cuts, so a crash between
   * the two would find a hint that speaks of the entries that were to be cut.
   */
  get hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: Math.min(this.commitIndex, this.writes.durableIndex) };
  }

  /** Whether a write has been under way for so long that this disk must be taken for hung. */
  get isDiskStalled(): boolean {
    const oldest = this.writes.oldestIssuedAtMs;
    return oldest !== null && this.nowMs - oldest > this.settings.diskStallMs;
  }

  /**
   * Whether elections may depend on this member. One that the newest configuration leaves out still campaigns until that
   * configuration is known to be committed (thesis §4.2.2): its log may be the only one that is complete enough to win, and it
   * refuses everybody else's.
   */
  get isNeeded(): boolean {
    const { index, configuration } = this.configurations.current;
    if (isVoter(configuration, this.self)) return true;
    return index > this.commitIndex && isVoter(this.configurations.at(index - 1).configuration, this.self);
  }

  /** Whether this member may ask for votes: a voter, with a disk that works and a log that it can read. */
  get isPromotable(): boolean {
    return this.isNeeded && this.holes.size === 0 && !this.isStorageRefusing && !this.isDiskStalled;
  }

  /**
   * Whether nobody has to be waited for: this member has just started, and its own vote is all that it takes. Not where it follows a leader: that may be about to commit the
   * configuration in which it is no voter itself (§6). And not again after a first try: a disk that took no vote would see a term with each tick.
   */
  get isAloneFromStart(): boolean {
    const { voters, outgoing } = this.configuration;
    const isOnlyVoter = voters.length === 1 && outgoing.length === 0 && voters[0] === this.self;
    return isOnlyVoter && this.leader === null && this.term === this.startTerm;
  }

  /** Whether a leader was heard so lately that no voter should help to depose it (§6, thesis §4.2.3). */
  get isLeaderAlive(): boolean {
    if (this.isLeader) return true;
    return this.leader !== null && this.nowMs - this.leaderHeardAtMs < this.settings.electionTimeoutMs;
  }

  /** §5.2: drawn anew for each election, so that two members rarely time out together. */
  drawElectionTimeout(): void {
    const base = Math.ceil(this.settings.electionTimeoutMs);
    this.electionTimeoutMs = base + randomBelow(this.random, base);
    this.resetElectionDeadline();
  }

  /** A leader was heard, or a vote given: wait the full time again. */
  resetElectionDeadline(): void {
    this.electionDeadlineMs = this.nowMs + this.electionTimeoutMs;
  }

  send(message: Unaddressed<VolatileMessage>, to: MemberId): void {
    this.outbox.send(message, to, this.trace);
  }

  /** Sends when everything up to here is on disk. */
  sendDurable(message: Unaddressed<DurableMessage>, to: MemberId): void {
    this.outbox.sendDurable(message, to, this.trace);
  }

  /** Adds a leader's own entry to the log. */
  appendOwn(type: EntryType, payload: Uint8Array): Entry {
    invariant(this.isLeader, 'only a leader adds entries of its own');
    invariant(!this.isStorageRefusing, 'a leader without a disk must have stepped down');
    const [index, term] = [this.lastIndex + 1, this.term];
    const entry: Entry = { index, term, type, data: this.format.place(type, payload, index, term) };
    this.appendEntry(entry);
    return entry;
  }

  appendEntry(entry: Entry): void {
    invariant(entry.term <= this.term, `entry ${entry.index} is of term ${entry.term}, above ${this.term}`);
    this.terms.append(entry.index, entry.term);
    this.tail.append(entry);
    this.outbox.entries.push(entry);
    this.format.appended?.(entry);
    if (entry.type === 'configuration') {
      const configuration = decodeConfiguration(this.format.payloadOf(entry));
      this.configurations.append({ index: entry.index, configuration });
      this.configurationChanged('appended');
    }
  }

  /** Drops the log from `from` on: those entries conflict with the leader's (§5.3). Never what is committed. */
  truncate(from: Index, cause: string): void {
    invariant(!this.isLeader, 'a leader never overwrites or deletes its own entries');
    invariant(from > this.commitIndex, `entry ${from} conflicts with a committed one (commit ${this.commitIndex})`);
    invariant(this.outbox.entries.length === 0, 'a step cuts before it appends');
    if (from > this.lastIndex) return;
    this.terms.truncate(from);
    this.tail.truncate(from);
    this.writes.truncate(from);
    this.holes.deleteBetween(from, Number.POSITIVE_INFINITY);
    this.outbox.truncateFrom = from;
    this.format.truncated?.(from);
    this.trace?.('truncate', cause, { from });
    if (this.configurations.truncate(from)) this.configurationChanged('rolled back with its entry');
  }

  configurationChanged(cause: string): void {
    const { index, configuration } = this.configurations.current;
    this.outbox.add({ kind: 'configuration', index, configuration });
    this.trace?.('configuration', cause, { configurationIndex: index, ...configuration });
  }

  /** Moves commit forward; backward moves are stale news. */
  commitTo(index: Index, cause: string): boolean {
    if (index <= this.commitIndex) return false;
    invariant(index <= this.lastIndex, `commit ${index} is past the log's end ${this.lastIndex}`);
    this.commitIndex = index;
    this.outbox.add({ kind: 'commit', upTo: index });
    this.trace?.('commit', cause, { upTo: index });
    return true;
  }

  /** Turns what this step wants written into one write, and hands out the step's effects. */
  flush(): Effect[] {
    const write = this.outbox.takeWrite(this.hardState);
    if (write !== null) {
      const number = this.writes.add({
        issuedAtMs: this.nowMs,
        first: write.truncateFrom ?? write.entries[0]?.index ?? 0,
        covers: write.entries.at(-1)?.index ?? write.install?.index ?? 0,
        hasHardState: write.hardState !== undefined,
        isInstall: write.install !== undefined,
        needsSpace: write.entries.length > 0 || write.repairs.length > 0,
        repairs: write.repairs.map((entry) => entry.index),
      });
      if (this.outbox.isVoteForSelf) this.voteWrite = number;
      this.outbox.add({ kind: 'persist', write: number, ...write });
      // Before `commit`, which speaks of entries that the snapshot stands for.
      if (write.install !== undefined)
        this.outbox.addFirst({ kind: 'restore', snapshot: write.install, write: number });
    }
    this.#evict();
    return this.outbox.take();
  }

  /**
   * Lets go of entries in memory. What is on disk stays for whoever may ask for it soon: the state machine, and of a leader's followers those that lack
   * it, up to the cap; the rest is only in the way of those who collect garbage.
   */
  #evict(): void {
    const { durableIndex } = this.writes;
    let held = Math.min(durableIndex, this.appliedIndex);
    for (const { match } of this.progress.values()) held = Math.min(held, match);
    this.tail.evict(held, 0);
    this.tail.evict(durableIndex, this.settings.cacheBytesMax);
  }

  /** What must hold between steps, whatever happened. */
  check(): void {
    invariant(this.commitIndex <= this.lastIndex, `commit ${this.commitIndex} is past the log's end ${this.lastIndex}`);
    invariant(this.commitIndex >= this.terms.start.index, 'what was compacted was committed');
    invariant(this.terms.lastTerm <= this.term, `the log's last term ${this.terms.lastTerm} is above ${this.term}`);
    invariant(this.writes.durableIndex <= this.lastIndex, 'the disk holds more than the log');
    const stored = Math.max(this.writes.durableIndex, this.terms.start.index);
    invariant(this.tail.first <= stored + 1, 'what is not on disk is in memory');
    if (this.isLeader) {
      invariant(this.leader === this.self, 'a leader knows who leads');
      invariant(this.holes.size === 0 && !this.isStorageRefusing, 'a leader has a whole disk');
    }
  }

  /** Hands a part of a snapshot to the storage. */
  stage(snapshot: SnapshotMeta, offset: number, data: Uint8Array): WriteNumber {
    const none = { first: 0, covers: 0, hasHardState: false, isInstall: false, repairs: [] };
    const write = this.writes.add({ ...none, issuedAtMs: this.nowMs, needsSpace: true });
    this.outbox.add({ kind: 'stage-chunk', write, snapshot, offset, data });
    return write;
  }

  startRead(pending: PendingRead): number {
    this.lastRead += 1;
    this.reads.set(this.lastRead, pending);
    return this.lastRead;
  }

  /** Whether something is being read for this peer already: one thing at a time, however often it asks. */
  isReadingFor(peer: MemberId, purpose: PendingRead['purpose']): boolean {
    for (const read of this.reads.values()) if (read.purpose === purpose && read.peer === peer) return true;
    return false;
  }

  /** Bytes that wait for commit, counted against the cap. */
  addUncommitted(entries: readonly Entry[]): void {
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    this.uncommitted.push({ last: this.lastIndex, bytes });
    this.uncommittedBytes += bytes;
  }

  /** From now on, whatever happens goes to `sink`. */
  traceTo(sink: TraceSink | undefined): void {
    this.trace = sink && ((event, cause, fields) => sink(this.traced(event, cause, fields)));
  }

  traced(event: TraceKind, cause: string, fields: Readonly<Record<string, unknown>> | undefined): TraceEvent {
    return {
      v: 1,
      atMs: this.nowMs,
      node: this.self,
      term: this.term,
      index: this.lastIndex,
      commit: this.commitIndex,
      event,
      cause,
      ...fields,
    };
  }
}
