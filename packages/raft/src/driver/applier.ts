import type { Entry, Index, RaftCore, SnapshotMeta, WriteNumber } from '../core/index.js';
import { RaftError, UnreadableError } from './errors.js';
import { isThenable, type StateMachine } from './machine.js';
import type { RaftStorage } from './storage.js';

const entriesMax = 4096;
const bytesMax = 4 * 1024 * 1024;

export interface ApplierEvents {
  applied(index: Index): void;
  unreadable(indexes: readonly Index[]): void;
  failed(error: unknown): void;
}

/**
 * Feeds the state machine: entries that are committed and on this disk, and snapshots that took the place of entries. One thing
 * at a time; it waits only where the machine or the storage makes it wait.
 */
export class Applier {
  /** Everything up to here is in the state machine. */
  applied: Index = 0;
  readonly #core: RaftCore;
  readonly #storage: RaftStorage;
  readonly #machine: StateMachine;
  readonly #events: ApplierEvents;
  #restores: { readonly snapshot: SnapshotMeta; readonly write: WriteNumber }[] = [];
  #persisted: WriteNumber = 0;
  #isRunning = false;
  /** Something came in since the loop last looked. */
  #isKicked = false;
  #isStopped = false;
  /** The machine is between two states: an `apply` or a `restore` of it has not ended. */
  #isChanging = false;
  #between: (() => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(core: RaftCore, components: { storage: RaftStorage; machine: StateMachine; events: ApplierEvents }) {
    this.#core = core;
    this.#storage = components.storage;
    this.#machine = components.machine;
    this.#events = components.events;
  }

  /** Starts from the snapshot on disk, if there is one, or from the log's start. */
  async start(snapshot: SnapshotMeta | null, logStart: Index): Promise<void> {
    this.applied = logStart;
    if (snapshot === null && logStart > 0 && this.#machine.restore !== undefined) {
      const what = `the log starts after ${logStart}, and there is no snapshot of what came before`;
      throw new RaftError('ERR_RAFT_STORAGE', what);
    }
    if (snapshot !== null && !(await this.#restore(snapshot))) throw missing(snapshot);
    const resumed = this.#machine.resume?.(this.#core.commitIndex);
    if (resumed !== undefined) this.#resume(resumed);
  }

  /** Begins nothing more, and resolves when the machine is at rest. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#isRunning) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /**
   * The state up to `snapshot.index` comes from this snapshot once `write` is on disk. To be told before the commit that comes with
   * it: until then, the log may still look as if it held these entries, and holds others.
   */
  restore(snapshot: SnapshotMeta, write: WriteNumber): void {
    this.#restores.push({ snapshot, write });
  }

  persisted(write: WriteNumber): void {
    this.#persisted = Math.max(this.#persisted, write);
    this.kick();
  }

  /** The writes from `from` on did not happen, nor did the installs among them. */
  writeFailed(from: WriteNumber): void {
    this.#restores = this.#restores.filter((each) => each.write < from);
    this.kick();
  }

  /** Calls back while the machine holds exactly what `applied` says: now, or when the change under way has ended. */
  whenBetween(run: () => void): void {
    if (this.#isChanging) this.#between.push(run);
    else run();
  }

  /** There may be something to apply. */
  kick(): void {
    this.#isKicked = true;
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    void this.#run();
  }

  #resume(index: Index): void {
    const { commitIndex } = this.#core;
    if (!Number.isSafeInteger(index) || index < this.applied || index > commitIndex) {
      throw new TypeError(`resume() must give an index from ${this.applied} to ${commitIndex}, got ${index}`);
    }
    this.applied = index;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isKicked && !this.#isStopped) {
        this.#isKicked = false;
        if (this.#restores.length > 0) await this.#restoreNext();
        else await this.#applyNext();
      }
    } catch (error) {
      this.#events.failed(error);
    } finally {
      this.#isRunning = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** A snapshot on its way to disk covers what would be applied now: nothing is, until it is there. Its write's end looks again. */
  async #restoreNext(): Promise<void> {
    const restore = this.#restores.findLast((each) => each.write <= this.#persisted);
    if (restore === undefined) return;
    this.#restores = this.#restores.filter((each) => each.write > restore.write);
    this.#isKicked = true;
    if (restore.snapshot.index <= this.applied || (await this.#restore(restore.snapshot))) return;
    const isNewerComing = this.#restores.some(({ snapshot }) => snapshot.index > restore.snapshot.index);
    if (!isNewerComing) throw missing(restore.snapshot);
  }

  async #applyNext(): Promise<void> {
    const first = this.applied + 1;
    const last = Math.min(this.#core.commitIndex, this.#core.durableIndex, first + entriesMax - 1);
    if (first > last) return;
    let found: readonly Entry[] | null = this.#core.cached(first, last);
    if (found.length === 0) {
      found = await this.#read(first, last);
      if (found === null || this.#isStopped) return;
    }
    this.#isKicked = true;
    // The log was replaced while they were read.
    if (this.#restores.length > 0) return;
    const data = this.#check(found, last);
    if (data.length > 0) {
      this.#isChanging = true;
      const applying = this.#machine.apply(data);
      if (isThenable(applying)) await applying;
    }
    this.#changed(first + found.length - 1);
  }

  /** Null: some cannot be read. Mending them ends with a write, and each write's end tries again. */
  async #read(first: Index, last: Index): Promise<readonly Entry[] | null> {
    try {
      return await this.#storage.read(first, last, bytesMax);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      this.#events.unreadable(error.indexes.length > 0 ? error.indexes : [first]);
      return null;
    }
  }

  /**
   * The data entries among those found, if they are the committed ones: applying anything else could never be taken back.
   *
   * @throws RaftError when the storage has given something else
   */
  #check(found: readonly Entry[], last: Index): readonly Entry[] {
    const data: Entry[] = [];
    let next = this.applied + 1;
    if (found.length > last - next + 1) {
      throw new RaftError('ERR_RAFT_STORAGE', `entries ${next} to ${last} were asked for, and ${found.length} came`);
    }
    if (found.length === 0) throw new RaftError('ERR_RAFT_STORAGE', `entry ${next} was written, and is not found`);
    for (const entry of found) {
      const term = this.#core.termAt(next);
      if (entry.index !== next || entry.term !== term) {
        const [wanted, got] = [`${next} of term ${term}`, `${entry.index} of term ${entry.term}`];
        throw new RaftError('ERR_RAFT_STORAGE', `entry ${wanted} is committed, and ${got} was read in its place`);
      }
      if (entry.type === 'data') data.push(entry);
      next += 1;
    }
    return data;
  }

  /** Returns whether the snapshot was there. */
  async #restore(snapshot: SnapshotMeta): Promise<boolean> {
    const parts: Uint8Array[] = [];
    for (let offset = 0; ; ) {
      const part = await this.#storage.readSnapshot(snapshot.id, offset, bytesMax);
      if (part === null) return false;
      parts.push(part.data);
      offset += part.data.byteLength;
      if (part.isLast) break;
      if (part.data.byteLength === 0) {
        throw new RaftError('ERR_RAFT_STORAGE', `snapshot ${snapshot.id} goes on at ${offset}, and no bytes come`);
      }
    }
    if (this.#isStopped) return true;
    if (this.#machine.restore === undefined) {
      throw new TypeError(`snapshot ${snapshot.id} must be restored, and this state machine has no restore()`);
    }
    this.#isChanging = true;
    await this.#machine.restore(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
    this.#changed(snapshot.index);
    return true;
  }

  #changed(index: Index): void {
    this.#isChanging = false;
    this.applied = index;
    this.#events.applied(index);
    const between = this.#between.splice(0);
    if (!this.#isStopped) for (const run of between) run();
  }
}

function missing({ id, index }: SnapshotMeta): RaftError {
  return new RaftError('ERR_RAFT_STORAGE', `the storage lists snapshot ${id} of index ${index}, and has it not`);
}
