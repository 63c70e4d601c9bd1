import type { Entry, Index, RaftCore, SnapshotMeta, WriteNumber } from '../core/index.js';
import { UnreadableError } from './errors.js';
import type { StateMachine } from './machine.js';
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

  constructor(core: RaftCore, components: { storage: RaftStorage; machine: StateMachine; events: ApplierEvents }) {
    this.#core = core;
    this.#storage = components.storage;
    this.#machine = components.machine;
    this.#events = components.events;
  }

  /** Starts from the snapshot on disk, if there is one, or from the log's start. */
  async start(snapshot: SnapshotMeta | null, logStart: Index): Promise<void> {
    this.applied = logStart;
    if (snapshot !== null) await this.#restore(snapshot);
  }

  stop(): void {
    this.#isStopped = true;
  }

  restore(snapshot: SnapshotMeta, write: WriteNumber): void {
    this.#restores.push({ snapshot, write });
  }

  persisted(write: WriteNumber): void {
    this.#persisted = Math.max(this.#persisted, write);
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
    void this.#run().catch((error: unknown) => this.#events.failed(error));
  }

  async #run(): Promise<void> {
    try {
      while (this.#isKicked && !this.#isStopped) {
        this.#isKicked = false;
        const restore = this.#restores.findLast((each) => each.write <= this.#persisted);
        if (restore !== undefined) {
          this.#restores = this.#restores.filter((each) => each.write > restore.write);
          if (restore.snapshot.index > this.applied) await this.#restore(restore.snapshot);
          this.#isKicked = true;
          continue;
        }
        // A snapshot on its way to disk covers what would be applied now; its write's end looks again.
        if (this.#restores.length > 0) continue;
        const entries = this.#next();
        const found = entries instanceof Promise ? await entries : entries;
        if (found.length === 0) continue;
        this.#isKicked = true;
        // A snapshot may have been restored while entries were read: then they are behind it.
        if (found[0]!.index !== this.applied + 1) continue;
        const data = found.filter((entry) => entry.type === 'data');
        const applying = data.length > 0 ? this.#machine.apply(data) : undefined;
        if (applying instanceof Promise) {
          this.#isChanging = true;
          await applying;
        }
        this.#changed(found.at(-1)!.index);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #next(): readonly Entry[] | Promise<readonly Entry[]> {
    const first = this.applied + 1;
    const last = Math.min(this.#core.commitIndex, this.#core.durableIndex, first + entriesMax - 1);
    if (first > last) return [];
    const cached = this.#core.cached(first, last);
    return cached.length > 0 ? cached : this.#read(first, last);
  }

  async #read(first: Index, last: Index): Promise<readonly Entry[]> {
    try {
      return await this.#storage.read(first, last, bytesMax);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      // Mending it ends with a write, and each write's end tries again.
      this.#events.unreadable(error.indexes);
      return [];
    }
  }

  async #restore(snapshot: SnapshotMeta): Promise<void> {
    const parts: Uint8Array[] = [];
    for (let offset = 0; ; ) {
      const part = await this.#storage.readSnapshot(snapshot.id, offset, bytesMax);
      // A newer one has taken its place: that one's restore is on its way.
      if (part === null) return;
      parts.push(part.data);
      offset += part.data.byteLength;
      if (part.isLast) break;
    }
    this.#isChanging = true;
    await this.#machine.restore?.(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
    this.#changed(snapshot.index);
  }

  #changed(index: Index): void {
    this.#isChanging = false;
    this.applied = index;
    this.#events.applied(index);
    for (const run of this.#between.splice(0)) run();
  }
}
