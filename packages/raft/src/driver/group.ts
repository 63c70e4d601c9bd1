import { types } from 'node:util';
import {
  type CoreStatus,
  defaultSettings,
  type Effect,
  type Index,
  type Input,
  type MemberId,
  type Message,
  RaftCore,
  type SnapshotMeta,
  type TraceSink,
} from '../core/index.js';
import { Applier } from './applier.js';
import { Batch } from './batch.js';
import { NoSpaceError, RaftError, UnreadableError } from './errors.js';
import type { GroupComponents, GroupInit } from './group-init.js';
import { falseClaim, isMemberId, messageProblem } from './inbox.js';
import { callSafely, type ProblemSink, safeSink } from './problem.js';
import { notTaken, type ProposalOutcome, Proposals } from './proposals.js';
import { Readings } from './readings.js';
import { Snapshots } from './snapshots.js';
import { Space } from './space.js';
import { Steps, type Tell } from './steps.js';
import { Transfers } from './transfers.js';
import { Watchers } from './watchers.js';
import { Writer } from './writer.js';

/** One member of one group, driven: its core, with a disk, a clock and a network. Made by `RaftHost.open`. */
export class RaftGroup {
  readonly id: string;
  readonly self: MemberId;
  readonly #core: RaftCore;
  readonly #writer: Writer;
  readonly #applier: Applier;
  readonly #snapshots: Snapshots;
  readonly #components: GroupComponents;
  readonly #send: (message: Message) => void;
  readonly #report: ProblemSink;
  readonly #steps: Steps = new Steps((input) => this.#take(input));
  readonly #batch: Batch;
  readonly #placed: Proposals;
  readonly #reads: Readings;
  readonly #transfers: Transfers = new Transfers();
  readonly #space: Space;
  readonly #watchers: Watchers;
  #lastWrite = 0;
  #state: 'running' | 'stopped' | 'failed' = 'running';
  #failure: unknown = null;
  #stopping: Promise<void> | null = null;

  private constructor(
    id: string,
    init: GroupInit,
    core: RaftCore,
    send: (message: Message) => void,
    components: GroupComponents,
  ) {
    this.id = id;
    this.self = init.self;
    this.#core = core;
    this.#placed = new Proposals(core);
    this.#batch = new Batch(this.#steps, this.#placed, components.format);
    this.#reads = new Readings({ ...defaultSettings, ...init });
    this.#send = send;
    this.#components = components;
    this.#report = safeSink(components.onProblem);
    this.#watchers = new Watchers(core, { group: id, report: this.#report });
    const { storage, machine, random, trace } = components;
    if (trace !== undefined) this.#watchers.add(trace);
    this.#writer = new Writer(storage, {
      send,
      persisted: (write) => {
        this.#step({ kind: 'persisted', write });
        this.#applier.persisted(write);
      },
      failed: (from, error) => this.#writeFailed(from, error),
    });
    this.#applier = new Applier(core, {
      storage,
      machine,
      events: {
        applied: (index) => {
          core.applied(index);
          this.#reads.applied(index);
          this.#snapshots.maybeTake();
        },
        unreadable: (indexes) => this.#step({ kind: 'unreadable', indexes }),
        failed: (error) => this.#fail(error),
      },
    });
    this.#space = new Space(components, {
      ready: () => this.#step({ kind: 'storage-ready' }),
      failed: (error) => this.#fail(error),
    });
    const { snapshotEvery: every = 0, trailing = 1000 } = init;
    this.#snapshots = new Snapshots(
      { self: init.self, every, trailing },
      {
        core,
        applier: this.#applier,
        writer: this.#writer,
        storage,
        machine,
        random,
        events: {
          written: (snapshot, upTo) => this.#step({ kind: 'compacted', snapshot, upTo }),
          failed: (error) => this.#report({ group: id, kind: 'snapshot-failed', error }),
          unreadable: (error) => this.#report({ group: id, kind: 'snapshot-unreadable', error }),
        },
      },
    );
  }

  /** Loads what is on disk, restores the state machine, and is ready to be ticked. */
  static async load(
    id: string,
    init: GroupInit,
    send: (message: Message) => void,
    components: GroupComponents,
  ): Promise<RaftGroup> {
    const { snapshotEvery: _every, trailing: _trailing, ...settings } = init;
    const stored = await components.storage.load();
    const { random, format } = components;
    const core = new RaftCore({ ...defaultSettings, ...settings }, stored, { random, format });
    const group = new RaftGroup(id, init, core, send, components);
    await group.#applier.start(stored.snapshot, stored.start.index);
    group.#applier.kick();
    return group;
  }

  /** Whether it takes part. A member that has failed, or was stopped, never does again; open it anew. */
  get state(): 'running' | 'stopped' | 'failed' {
    return this.#state;
  }

  /** What this member knows of itself and its group. One that has ended leads nobody and follows nobody. */
  get status(): CoreStatus {
    const { status } = this.#core;
    if (this.#state === 'running') return status;
    return { ...status, role: 'follower', leader: null, members: [] };
  }

  get isLeader(): boolean {
    return this.#state === 'running' && this.#core.isLeader;
  }

  get leader(): MemberId | null {
    return this.#state === 'running' ? this.#core.leader : null;
  }

  /** Everything up to here is in this member's state machine. */
  get appliedIndex(): Index {
    return this.#applier.applied;
  }

  /**
   * Proposes one entry here. Proposals made in the same turn travel and are written together; once one of them is refused for want of
   * room, so are those after it, so that none overtakes another.
   *
   * `committed` may come before this member has applied the entry: `read` waits for that.
   *
   * Has no time limit of its own: a member that nobody talks to any more cannot know what became of it, until it is stopped.
   *
   * @param data must not be changed afterwards; it is not copied
   * @throws TypeError when it is no Uint8Array; and whatever the format's `admit` throws
   */
  propose(data: Uint8Array): Promise<ProposalOutcome> {
    if (!(data instanceof Uint8Array || types.isUint8Array(data))) {
      return Promise.reject(
        new TypeError(`a proposal must be a Uint8Array, got ${data === null ? 'null' : typeof data}`),
      );
    }
    if (this.#state !== 'running') return Promise.resolve(notTaken);
    return this.#batch.add(data);
  }

  /**
   * A linearizable read: resolves once this member's state machine holds everything that was committed when it was asked for.
   *
   * @throws RaftError `ERR_RAFT_READ_REFUSED` when no leader confirmed it, or the state machine did not get there, within `readTimeoutMs`,
   *   or when `readsMax` wait already; `ERR_RAFT_STOPPED`; `ERR_RAFT_FAILED` with its cause
   */
  read(): Promise<Index> {
    if (this.#state !== 'running') return Promise.reject(this.#endError());
    return new Promise((resolve, reject) => {
      const token = this.#reads.open({ resolve, reject }, this.#components.clock.monotonicMs());
      if (token !== null) this.#step({ kind: 'read', token });
    });
  }

  /**
   * Changes the members, any of them in one step; new voters must be learners that have caught up.
   *
   * Where voters change, `committed` is told when the joint configuration is: from then on the change is certain, and whoever leads
   * finishes it. It is over when `status.configuration` has no `outgoing`.
   *
   * @param expects the index of the configuration that the caller has seen (`status.configuration.index`)
   * @throws TypeError when somebody named is no member id
   */
  changeMembers(expects: Index, voters: readonly MemberId[], learners: readonly MemberId[]): Promise<ProposalOutcome> {
    const stranger = [...voters, ...learners].find((member) => !isMemberId(member));
    if (stranger !== undefined) return Promise.reject(new TypeError(`"${stranger}" is no node id, "@" and storage id`));
    if (this.#state !== 'running') return Promise.resolve(notTaken);
    this.#batch.propose();
    return new Promise((settle) => {
      const input: Input = { kind: 'propose-membership', expects, voters, learners };
      this.#step(input, (effects) => this.#placed.place([settle], effects));
    });
  }

  /**
   * Hands leadership to another voter. Resolves with whether this member stepped down for it: false where it does not lead, the target
   * is itself or no voter, the target was not there in time, or another `transfer` took this one's place.
   */
  transfer(to: MemberId): Promise<boolean> {
    if (!this.isLeader || to === this.self) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#transfers.add(to, resolve);
      this.#step({ kind: 'transfer', to }, (effects) => {
        if (effects?.some((effect) => effect.kind === 'refused')) this.#transfers.ended(to, false);
      });
    });
  }

  /**
   * Writes a snapshot of the state machine, with all that has been applied by now, and lets the log forget what it covers.
   *
   * @throws RaftError `ERR_RAFT_NO_SPACE`; `ERR_RAFT_SUPERSEDED` by a newer one; `ERR_RAFT_NOTHING_APPLIED`; `ERR_RAFT_STOPPED`;
   *   `ERR_RAFT_FAILED` with its cause
   * @throws TypeError when the state machine has no `snapshot`; and whatever that throws
   */
  snapshot(): Promise<SnapshotMeta> {
    return this.#state === 'running' ? this.#snapshots.take() : Promise.reject(this.#endError());
  }

  /** Entries that this disk cannot read, found by whoever read them: they are fetched from other members. */
  reportUnreadable(indexes: readonly Index[]): void {
    this.#step({ kind: 'unreadable', indexes });
  }

  /**
   * Hands over every event of this member from now on (`docs/trace.md`), after two that say how it is: a `role` and a `configuration`
   * whose cause is "at the start of the stream". While nobody watches, no event is made. One that has ended has nothing to say.
   *
   * @param sink called within a step, so it should be quick; what it throws is a problem of kind `callback-threw`
   * @returns ends it
   */
  watch(sink: TraceSink): () => void {
    if (this.#state !== 'running') return () => {};
    const nowMs = this.#components.clock.monotonicMs();
    return this.#watchers.add(sink, this.#core.traceOfNow(nowMs, 'at the start of the stream'));
  }

  /** The host's: time has passed. */
  tick(): void {
    this.#step({ kind: 'tick' });
    this.#reads.tick(this.#components.clock.monotonicMs());
  }

  /** The host's: a message of this group came in, from whomever. What no member can have sent is dropped. */
  receive(message: Message): void {
    const reason = messageProblem(message, this.#components.format) ?? falseClaim(message, this.#core);
    if (reason === null) this.#step({ kind: 'message', message });
    else this.#report({ group: this.id, kind: 'message-dropped', reason });
  }

  /**
   * Tells every caller what is known, and resolves when the write and the `apply` under way have ended: from then on, nothing more is
   * written or applied. Reads of the disk, and a snapshot being encoded, may end later. It waits for them without limit, since nothing can call them back: a process whose disk hangs has
   * to end instead. Not to be awaited within `apply`. A leader hands nothing over: `transfer` before.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #step(input: Input, tell?: Tell): void {
    this.#steps.run(input, tell);
  }

  #take(input: Input): readonly Effect[] | null {
    if (this.#state !== 'running') return null;
    let effects: readonly Effect[] = [];
    try {
      effects = this.#core.step(input, this.#components.clock.monotonicMs());
      // First of all: the commit that comes with a snapshot must not be taken for one of the entries that the log held before.
      for (const effect of effects) if (effect.kind === 'restore') this.#applier.restore(effect.snapshot, effect.write);
      for (const effect of effects) this.#carryOut(effect);
    } catch (error) {
      this.#fail(error);
    }
    return effects;
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'persist': {
        const { write, thenSend, ...operation } = effect;
        this.#lastWrite = write;
        this.#writer.add(operation, write, thenSend);
        break;
      }
      case 'stage-chunk': {
        const { write, ...operation } = effect;
        this.#lastWrite = write;
        this.#writer.add(operation, write, []);
        break;
      }
      case 'send':
        this.#send(effect.message);
        break;
      case 'commit':
        this.#placed.settle();
        this.#applier.kick();
        break;
      case 'read':
        void this.#read(effect);
        break;
      case 'read-snapshot':
        this.#snapshots.read(effect).then(
          (input) => this.#step(input),
          (error: unknown) => this.#fail(error),
        );
        break;
      case 'read-ready':
        this.#reads.confirmed(effect.token, effect.index, this.#applier.applied);
        break;
      case 'read-refused':
        this.#reads.refused(effect.token, effect.reason);
        break;
      case 'transfer-ended':
        this.#transfers.ended(effect.to, effect.isDone);
        break;
      case 'role': {
        const { role, term, leader, cause } = effect;
        const { onRole } = this.#components;
        if (onRole) this.#call('onRole', () => onRole(role, term, leader, cause));
        break;
      }
      default:
    }
  }

  async #read({ read, first, last, bytesMax }: Extract<Effect, { kind: 'read' }>): Promise<void> {
    try {
      const entries = await this.#components.storage.read(first, last, bytesMax);
      this.#step({ kind: 'read-done', read, entries });
    } catch (error) {
      if (!(error instanceof UnreadableError)) this.#fail(error);
      else this.#step({ kind: 'read-failed', read, unreadable: error.indexes.length > 0 ? error.indexes : [first] });
    }
  }

  #writeFailed(from: number | null, error: unknown): void {
    const isFatal = !(error instanceof NoSpaceError);
    const first = from ?? this.#lastWrite + 1;
    this.#step({ kind: 'write-failed', from: first, isFatal });
    this.#applier.writeFailed(first);
    if (isFatal || this.#core.status.isHalted) this.#fail(error);
    else this.#space.wait();
  }

  #fail(error: unknown): void {
    if (this.#state === 'stopped') this.#report({ group: this.id, kind: 'failed-while-stopping', error });
    if (this.#state !== 'running') return;
    this.#state = 'failed';
    this.#failure = error;
    this.#end();
    void this.stop();
    const { onFailed } = this.#components;
    if (onFailed) this.#call('onFailed', () => onFailed(error));
  }

  async #stop(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopped';
      this.#end();
    }
    await Promise.all([this.#writer.stop(), this.#applier.stop()]);
  }

  #end(): void {
    const error = this.#endError();
    this.#space.end();
    this.#batch.end();
    this.#placed.end(error.message);
    this.#reads.end(error);
    this.#snapshots.end(error);
    this.#transfers.end();
  }

  #call(callback: 'onRole' | 'onFailed', run: () => unknown): void {
    callSafely(callback, { group: this.id, report: this.#report }, run);
  }

  #endError(): RaftError {
    const who = `member ${this.self} of group ${this.id}`;
    if (this.#state !== 'failed') return new RaftError('ERR_RAFT_STOPPED', `${who} was stopped`);
    const cause = this.#failure;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new RaftError('ERR_RAFT_FAILED', `${who} has failed: ${why}`, { cause });
  }
}
