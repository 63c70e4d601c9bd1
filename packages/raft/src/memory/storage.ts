import {
  bootstrapEntry,
  decodeConfiguration,
  type Entry,
  type HardState,
  type Index,
  type Membership,
  type PlacedConfiguration,
  type SnapshotMeta,
  type StoredState,
  type Term,
} from '../core/index.js';
import { NoSpaceError, type RaftStorage, type StorageOperation, UnreadableError } from '../driver/index.js';

/** A member's disk in memory, for tests, examples and groups that may forget. It can be made to fail. */
export class MemoryStorage implements RaftStorage {
  /** While true, entries find no room. */
  isFull = false;
  /** The next write fails as a failed sync does. */
  isNextSyncFailing = false;
  /** Entries that cannot be read, until they are written again. */
  readonly unreadable: Set<Index> = new Set();
  #hardState: HardState = { term: 0, vote: null, commit: 0 };
  #snapshot: { readonly meta: SnapshotMeta; readonly data: Uint8Array } | null = null;
  #start: { readonly index: Index; readonly term: Term } = { index: 0, term: 0 };
  #entries: Entry[] = [];
  #staged: { readonly id: string; readonly parts: Uint8Array[] } | null = null;

  /** @param founders the members of a new cluster, the same on each; leave it out for a node that is to be added */
  constructor(founders?: Membership) {
    if (founders === undefined) return;
    const first = bootstrapEntry(founders);
    this.#entries.push(first);
    this.#hardState = { term: first.term, vote: null, commit: 0 };
  }

  async load(): Promise<StoredState> {
    const terms: { first: Index; term: Term }[] = [];
    const configurations: PlacedConfiguration[] = [];
    for (const { index, term, type, data } of this.#entries) {
      if (terms.at(-1)?.term !== term) terms.push({ first: index, term });
      if (type === 'configuration') configurations.push({ index, configuration: decodeConfiguration(data) });
    }
    this.#staged = null;
    return {
      hardState: this.#hardState,
      snapshot: this.#snapshot?.meta ?? null,
      start: this.#start,
      lastIndex: this.#start.index + this.#entries.length,
      terms,
      configurations,
      unreadable: [...this.unreadable],
    };
  }

  async write(operations: readonly StorageOperation[]): Promise<void> {
    if (this.isNextSyncFailing) {
      this.isNextSyncFailing = false;
      throw new Error('the sync failed');
    }
    for (let at = 0; at < operations.length; at++) {
      const operation = operations[at]!;
      if (this.isFull && needsRoom(operation)) throw new NoSpaceError(at);
      this.#do(operation);
    }
  }

  async read(first: Index, last: Index, bytesMax: number): Promise<readonly Entry[]> {
    if (this.unreadable.has(first)) throw new UnreadableError([first]);
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = first; index <= last && !this.unreadable.has(index); index++) {
      const entry = this.#entries[index - this.#start.index - 1];
      if (entry === undefined) break;
      bytes += entry.data.byteLength;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(entry);
    }
    return found;
  }

  async readSnapshot(
    id: string,
    offset: number,
    bytesMax: number,
  ): Promise<{ data: Uint8Array; isLast: boolean } | null> {
    if (this.#snapshot === null || this.#snapshot.meta.id !== id) return null;
    const data = this.#snapshot.data.subarray(offset, offset + bytesMax);
    return { data, isLast: offset + data.byteLength >= this.#snapshot.data.byteLength };
  }

  async hasSpace(): Promise<boolean> {
    return !this.isFull;
  }

  #do(operation: StorageOperation): void {
    switch (operation.kind) {
      case 'persist':
        this.#persist(operation);
        break;
      case 'stage-chunk':
        if (operation.offset === 0) this.#staged = { id: operation.snapshot.id, parts: [] };
        this.#staged?.parts.push(operation.data);
        break;
      case 'save-snapshot':
        if ((this.#snapshot?.meta.index ?? 0) > operation.snapshot.index) break;
        this.#snapshot = { meta: operation.snapshot, data: operation.data };
        this.#forget(operation.logStart);
    }
  }

  #persist(operation: Extract<StorageOperation, { kind: 'persist' }>): void {
    const { hardState, install, truncateFrom, entries, repairs } = operation;
    if (hardState !== undefined) this.#hardState = hardState;
    if (truncateFrom !== undefined) this.#truncate(truncateFrom);
    if (install !== undefined) this.#install(install);
    for (const entry of entries) {
      const next = this.#start.index + this.#entries.length + 1;
      if (entry.index !== next) throw new Error(`entry ${entry.index} was to be written where ${next} comes next`);
      this.#entries.push(entry);
    }
    for (const entry of repairs) {
      this.#entries[entry.index - this.#start.index - 1] = entry;
      this.unreadable.delete(entry.index);
    }
  }

  #install(meta: SnapshotMeta): void {
    if (this.#staged?.id !== meta.id) throw new Error(`snapshot ${meta.id} was never staged`);
    const { parts } = this.#staged;
    if (meta.index >= (this.#snapshot?.meta.index ?? 0)) {
      this.#snapshot = { meta, data: parts.length === 1 ? parts[0]! : Buffer.concat(parts) };
    }
    this.#staged = null;
    if (meta.index > this.#start.index) {
      this.#entries = this.#entries.slice(meta.index - this.#start.index);
      this.#start = { index: meta.index, term: meta.term };
    }
    for (const index of this.unreadable) if (index <= meta.index) this.unreadable.delete(index);
  }

  #truncate(from: Index): void {
    this.#entries.length = Math.min(this.#entries.length, Math.max(0, from - this.#start.index - 1));
    for (const index of this.unreadable) if (index >= from) this.unreadable.delete(index);
  }

  #forget(upTo: Index): void {
    const last = this.#entries[upTo - this.#start.index - 1];
    if (last === undefined) return;
    this.#entries = this.#entries.slice(upTo - this.#start.index);
    this.#start = { index: last.index, term: last.term };
    for (const index of this.unreadable) if (index <= upTo) this.unreadable.delete(index);
  }
}

function needsRoom(operation: StorageOperation): boolean {
  if (operation.kind !== 'persist') return true;
  return operation.entries.length > 0 || operation.repairs.length > 0;
}
