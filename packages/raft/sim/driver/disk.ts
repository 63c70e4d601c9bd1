import type { Sometimes } from '@commitlog/simulation';
import {
  type Entry,
  type Index,
  type Membership,
  MemoryStorage,
  NoSpaceError,
  type RaftStorage,
  type StorageOperation,
  UnreadableError,
} from '../../src/index.js';
import type { Mortal, World } from './world.js';

/** A member's disk, which outlives its processes: slow, full, rotten, failing, and torn where a process dies within a write. */
export class SimDisk {
  /** What finds no room; parts of snapshots are big, and may be refused alone. */
  full: 'nothing' | 'snapshots' | 'all' = 'nothing';
  /** The next write fails as a failed sync does, part of it done. */
  isNextSyncFailing = false;
  /** What was last kept as a snapshot, and what of it cannot be read. */
  #newestSnapshot: string | null = null;
  #rottenSnapshot: string | null = null;
  readonly memory: MemoryStorage;
  readonly #world: World;
  readonly #sometimes: Sometimes;
  #inFlight: readonly StorageOperation[] | null = null;

  constructor(founders: Membership | undefined, components: { readonly world: World; readonly sometimes: Sometimes }) {
    this.memory = new MemoryStorage(founders);
    this.#world = components.world;
    this.#sometimes = components.sometimes;
  }

  get isWriting(): boolean {
    return this.#inFlight !== null;
  }

  rotSnapshot(): void {
    this.#rottenSnapshot = this.#newestSnapshot;
  }

  /** The next process could not start on it; that is another fault than those simulated here. */
  mendSnapshot(): void {
    this.#rottenSnapshot = null;
  }

  /** What one process sees of it, for as long as it lives. */
  storage(life: Mortal & { readonly applied: Index }): RaftStorage {
    const alive = async <Value>(run: () => Promise<Value>): Promise<Value> => {
      if (this.#world.plan.diskMsMax > 0) await this.#world.wait(this.#world.plan.diskMsMax, life);
      return run();
    };
    return {
      load: () => this.memory.load(),
      write: async (operations) => {
        if (this.#inFlight !== null) this.#world.violated('one at a time', 'two writes to one disk overlap');
        this.#inFlight = operations;
        return alive(() =>
          this.#write(operations, life.applied).finally(() => {
            this.#inFlight = null;
          }),
        );
      },
      read: (first, last, bytesMax): Promise<readonly Entry[]> => alive(() => this.memory.read(first, last, bytesMax)),
      readSnapshot: (id, offset, bytesMax) =>
        alive(() => {
          if (id === this.#rottenSnapshot) throw new UnreadableError([]);
          return this.memory.readSnapshot(id, offset, bytesMax);
        }),
      hasSpace: () => alive(async () => this.full === 'nothing'),
    };
  }

  /** The process that wrote here is gone. What it had asked for and not heard of is there in part. */
  async died(): Promise<void> {
    const operations = this.#inFlight;
    this.#inFlight = null;
    this.#sometimes.reached(operations === null ? 'a crash came between writes' : 'a crash tore a write');
    if (operations !== null) await this.#tear(operations);
    this.mendSnapshot();
  }

  async #write(operations: readonly StorageOperation[], applied: Index): Promise<void> {
    if (this.isNextSyncFailing) {
      this.isNextSyncFailing = false;
      await this.#tear(operations);
      throw new Error('the sync failed');
    }
    for (const [done, operation] of operations.entries()) {
      if (this.#isRefused(operation)) {
        const isEntries = operation.kind === 'persist';
        if (!isEntries && operations.length > done + 1)
          this.#sometimes.reached('a snapshot that found no room held up others');
        this.#sometimes.reached(isEntries ? 'a full disk refused entries' : 'a full disk refused a snapshot');
        throw new NoSpaceError(done);
      }
      await this.#notice(operation, applied);
      await this.memory.write([operation]);
    }
  }

  #isRefused(operation: StorageOperation): boolean {
    // Nearly full, it takes what is small enough.
    if (this.full === 'nothing' || this.#world.random.chance(0.3)) return false;
    if (operation.kind !== 'persist') return true;
    return this.full === 'all' && (operation.entries.length > 0 || operation.repairs.length > 0);
  }

  async #notice(operation: StorageOperation, applied: Index): Promise<void> {
    if (operation.kind === 'save-snapshot') {
      if (this.#rottenSnapshot !== null) this.#sometimes.reached('an unreadable snapshot was written anew');
      this.#newestSnapshot = operation.snapshot.id;
      this.#rottenSnapshot = null;
    }
    if (operation.kind !== 'persist') return;
    if (operation.repairs.length > 0) this.#sometimes.reached('an unreadable entry was mended');
    if (operation.install === undefined) return;
    this.#sometimes.reached('a snapshot replaced a log');
    const { index: upTo } = operation.install;
    if ([...this.memory.unreadable].some((index) => index <= upTo))
      this.#sometimes.reached('a snapshot mended an unreadable entry');
    const unapplied = await this.memory.read(applied + 1, applied + 1, 1).catch(() => []);
    if (unapplied.length > 0) this.#sometimes.reached('a snapshot replaced entries that were never applied');
  }

  async #tear(operations: readonly StorageOperation[]): Promise<void> {
    const { random } = this.#world;
    const whole = random.below(operations.length + 1);
    for (const operation of operations.slice(0, whole)) await this.memory.write([operation]);
    const torn = operations[whole];
    if (torn?.kind !== 'persist' || torn.entries.length < 2 || random.chance(0.5)) return;
    await this.memory.write([
      { ...torn, repairs: [], entries: torn.entries.slice(0, random.below(torn.entries.length)) },
    ]);
  }
}
