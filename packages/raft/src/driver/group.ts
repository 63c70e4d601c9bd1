import type { Timer } from '@commitlog/runtime';
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
} from '../core/index.js';
import { Applier } from './applier.js';
import { NoSpaceError, RaftError, UnreadableError } from './errors.js';
import type { GroupComponents, GroupInit } from './group-init.js';
import { type ProposalOutcome, Proposals, type Settle } from './proposals.js';
import { Readings } from './readings.js';
import { Writer } from './writer.js';

interface Proposal {
  readonly data: Uint8Array;
  readonly settle: Settle;
}

/** How long to wait before asking a full disk again. */
const spaceRetryMs = 1000;

/** One member of one group, driven: its core, with a disk, a clock and a network. Made by `RaftHost.open`. */
export class RaftGroup {
  readonly id: string;
  readonly self: MemberId;
  readonly #core: RaftCore;
  readonly #writer: Writer;
  readonly #applier: Applier;
  readonly #components: GroupComponents;
  readonly #send: (message: Message) => void;
  readonly #snapshotEvery: number;
  readonly #trailing: number;
  #waiting: Proposal[] = [];
  readonly #placed: Proposals;
  readonly #reads: Readings = new Readings();
  #transfers: ((isDone: boolean) => void)[] = [];
  #lastWrite = 0;
  #inputs: Input[] = [];
  #isStepping = false;
  #snapshotting: Promise<SnapshotMeta> | null = null;
  #snapshotIndex: Index;
  #spaceTimer: Timer | null = null;
  #state: 'running' | 'stopped' | 'failed' = 'running';

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
    this.#send = send;
    this.#components = components;
    this.#snapshotEvery = init.snapshotEvery ?? 0;
    this.#trailing = init.trailing ?? 1000;
    this.#snapshotIndex = core.snapshot?.index ?? 0;
    const { storage, machine } = components;
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
        applied: (index) => this.#applied(index),
        unreadable: (indexes) => this.#step({ kind: 'unreadable', indexes }),
        failed: (error) => this.#fail(error),
      },
    });
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
    const { random, trace } = components;
    const core = new RaftCore({ ...defaultSettings, ...settings }, stored, { random, trace });
    const group = new RaftGroup(id, init, core, send, components);
    await group.#applier.start(stored.snapshot, stored.start.index);
    group.#applier.kick();
    return group;
  }

  get status(): CoreStatus {
    return this.#core.status;
  }

  get isLeader(): boolean {
    return this.#core.isLeader;
  }

  get leader(): MemberId | null {
    return this.#core.leader;
  }

  /** Everything up to here is in this member's state machine. */
  get appliedIndex(): Index {
    return this.#applier.applied;
  }

  /**
   * Proposes one entry here. Proposals made in the same turn travel and are written together.
   *
   * @param data must not be changed afterwards; it is not copied
   */
  propose(data: Uint8Array): Promise<ProposalOutcome> {
    if (this.#state !== 'running') {
      return Promise.resolve({ kind: 'not-applied', reason: 'stopped', leader: null });
    }
    return new Promise((settle) => {
      this.#waiting.push({ data, settle });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#proposeWaiting());
    });
  }

  /**
   * A linearizable read: resolves once this member's state machine holds everything that was committed when it was asked for.
   *
   * @throws RaftError `ERR_RAFT_READ_REFUSED` when no leader confirmed it in time
   */
  read(): Promise<Index> {
    if (this.#state !== 'running') return Promise.reject(this.#stoppedError());
    return new Promise((resolve, reject) => {
      this.#step({ kind: 'read', token: this.#reads.open({ resolve, reject }) });
    });
  }

  /**
   * Changes the members, any of them in one step; new voters must be learners that have caught up.
   *
   * @param expects the index of the configuration that the caller has seen (`status.configuration.index`)
   */
  changeMembers(expects: Index, voters: readonly MemberId[], learners: readonly MemberId[]): Promise<ProposalOutcome> {
    if (this.#state !== 'running') {
      return Promise.resolve({ kind: 'not-applied', reason: 'stopped', leader: null });
    }
    this.#proposeWaiting();
    return new Promise((settle) =>
      this.#placed.place([settle], this.#step({ kind: 'propose-membership', expects, voters, learners })),
    );
  }

  /** Hands leadership to another voter. Resolves with whether this member stepped down for it. */
  transfer(to: MemberId): Promise<boolean> {
    if (!this.isLeader || this.#state !== 'running') return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#transfers.push(resolve);
      this.#step({ kind: 'transfer', to });
    });
  }

  /** Writes a snapshot of the state machine as it is, and lets the log forget what it covers. */
  snapshot(): Promise<SnapshotMeta> {
    this.#snapshotting ??= this.#takeSnapshot().finally(() => {
      this.#snapshotting = null;
    });
    return this.#snapshotting;
  }

  /** The host's: time has passed. */
  tick(): void {
    this.#step({ kind: 'tick' });
  }

  /** The host's: a message of this group came in. */
  receive(message: Message): void {
    this.#step({ kind: 'message', message });
  }

  /** Tells every caller what is known, and waits for the write under way. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#end('this member was stopped');
    await this.#writer.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #step(input: Input): readonly Effect[] {
    if (this.#state !== 'running') return [];
    if (this.#isStepping) {
      // An effect that calls back at once: its input waits until this step's effects have all been started.
      this.#inputs.push(input);
      return [];
    }
    this.#isStepping = true;
    let effects: readonly Effect[] = [];
    try {
      effects = this.#core.step(input, this.#components.clock.monotonicMs());
      for (const effect of effects) this.#carryOut(effect);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isStepping = false;
    }
    const next = this.#inputs.shift();
    if (next !== undefined) this.#step(next);
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
      case 'restore':
        this.#applier.restore(effect.snapshot, effect.write);
        break;
      case 'read':
        void this.#read(effect.read, effect.first, effect.last, effect.bytesMax);
        break;
      case 'read-snapshot':
        void this.#readSnapshot(effect.read, effect.snapshot.id, effect.offset, effect.bytesMax);
        break;
      case 'read-ready':
        this.#reads.confirmed(effect.token, effect.index, this.#applier.applied);
        break;
      case 'read-refused':
        this.#reads.refused(effect.token, effect.reason);
        break;
      case 'transfer-ended':
        for (const resolve of this.#transfers.splice(0)) resolve(effect.isDone);
        break;
      case 'role':
        this.#components.onRole?.(effect.role, effect.term, effect.leader, effect.cause);
        break;
      default:
    }
  }

  #proposeWaiting(): void {
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) return;
    const effects = this.#step({ kind: 'propose', data: waiting.map((proposal) => proposal.data) });
    const isOverloaded = effects.some((effect) => effect.kind === 'refused' && effect.reason === 'overloaded');
    if (isOverloaded && waiting.length > 1) {
      // Together they are too much; as many as fit are taken.
      for (const proposal of waiting)
        this.#placed.place([proposal.settle], this.#step({ kind: 'propose', data: [proposal.data] }));
      return;
    }
    this.#placed.place(
      waiting.map((proposal) => proposal.settle),
      effects,
    );
  }

  #applied(index: Index): void {
    this.#reads.applied(index);
    const { machine } = this.#components;
    if (this.#snapshotEvery === 0 || machine.snapshot === undefined) return;
    if (index - this.#snapshotIndex >= this.#snapshotEvery) {
      // Whoever asked for it hears of a failure; this one was nobody's, and is tried again later.
      this.snapshot().catch(() => {});
    }
  }

  async #takeSnapshot(): Promise<SnapshotMeta> {
    const { machine, random } = this.#components;
    if (this.#state !== 'running') throw this.#stoppedError();
    if (machine.snapshot === undefined)
      throw new TypeError('this state machine cannot write snapshots: it has no snapshot()');
    const { index, taking } = await new Promise<{ index: Index; taking: Uint8Array | Promise<Uint8Array> }>(
      (resolve) => {
        // Index and state in one turn: the state after `index`, and no other. A promise in an object is not waited for here.
        this.#applier.whenBetween(() => resolve({ index: this.#applier.applied, taking: machine.snapshot!() }));
      },
    );
    const term = this.#core.termAt(index);
    if (term === undefined)
      throw new RaftError('ERR_RAFT_SUPERSEDED', 'a newer snapshot came in before this one was written');
    const placed = this.#core.configurationAt(index);
    this.#snapshotIndex = Math.max(this.#snapshotIndex, index);
    const data = taking instanceof Promise ? await taking : taking;
    const snapshot: SnapshotMeta = {
      id: `${this.self}.${index}.${random.uint32().toString(16)}`,
      index,
      term,
      configuration: placed.configuration,
      configurationIndex: placed.index,
    };
    const logStart = Math.max(this.#core.status.firstIndex - 1, index - this.#trailing);
    await new Promise<void>((resolve, reject) => {
      this.#writer.add({ kind: 'save-snapshot', snapshot, data, logStart }, 0, [], (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    this.#step({ kind: 'compacted', snapshot, upTo: logStart });
    return snapshot;
  }

  async #read(read: number, first: Index, last: Index, bytesMax: number): Promise<void> {
    try {
      const entries = await this.#components.storage.read(first, last, bytesMax);
      this.#step({ kind: 'read-done', read, entries });
    } catch (error) {
      if (error instanceof UnreadableError) this.#step({ kind: 'read-failed', read, unreadable: error.indexes });
      else this.#fail(error);
    }
  }

  async #readSnapshot(read: number, id: string, offset: number, bytesMax: number): Promise<void> {
    try {
      const part = await this.#components.storage.readSnapshot(id, offset, bytesMax);
      this.#step({ kind: 'snapshot-read', read, data: part?.data ?? null, isLast: part?.isLast ?? false });
    } catch (error) {
      this.#fail(error);
    }
  }

  #writeFailed(from: number | null, error: unknown): void {
    const isFatal = !(error instanceof NoSpaceError);
    // Where only a snapshot of its own found no room, a leader has lost nothing that it told anybody about.
    const isOnlySnapshot = from === null && !isFatal && this.isLeader;
    if (!isOnlySnapshot) this.#step({ kind: 'write-failed', from: from ?? this.#lastWrite + 1, isFatal });
    if (isFatal || this.#core.status.isHalted) this.#fail(error);
    else this.#awaitSpace();
  }

  #awaitSpace(): void {
    this.#spaceTimer ??= this.#components.clock.after(spaceRetryMs, () => {
      this.#spaceTimer = null;
      this.#components.storage.hasSpace().then(
        (hasSpace) => {
          if (hasSpace) this.#step({ kind: 'storage-ready' });
          else if (this.#state === 'running') this.#awaitSpace();
        },
        (error: unknown) => this.#fail(error),
      );
    });
  }

  #fail(error: unknown): void {
    if (this.#state !== 'running') return;
    this.#state = 'failed';
    this.#end(`this member failed: ${error instanceof Error ? error.message : String(error)}`);
    void this.#writer.stop();
    this.#components.onFailed?.(error);
  }

  #end(reason: string): void {
    this.#spaceTimer?.cancel();
    this.#applier.stop();
    for (const { settle } of this.#waiting.splice(0)) settle({ kind: 'not-applied', reason: 'stopped', leader: null });
    this.#placed.end(reason);
    this.#reads.end(reason);
    for (const resolve of this.#transfers.splice(0)) resolve(false);
  }

  #stoppedError(): RaftError {
    return new RaftError('ERR_RAFT_STOPPED', `group ${this.id} of ${this.self} is ${this.#state}`);
  }
}
