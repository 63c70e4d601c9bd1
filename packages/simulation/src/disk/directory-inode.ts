/** A change of a directory's names that no sync of the directory has made durable yet. */
export type NameChange =
  | { readonly kind: 'create'; readonly name: string; readonly inode: number }
  | { readonly kind: 'remove'; readonly name: string; readonly inode: number }
  /** Within one directory: takes effect as a whole or not at all. */
  | { readonly kind: 'rename'; readonly name: string; readonly to: string; readonly inode: number };

/** One directory: the names that are on the medium for certain, the changes since, and what `list` shows. */
export class DirectoryInode {
  readonly kind = 'directory';
  #durable: ReadonlyMap<string, number>;
  #entries: Map<string, number>;
  /** Whether `#entries` is ours to write: neither a copy of this inode nor `#durable` is the same object. */
  #isEntriesOurs = false;
  #pending: NameChange[] = [];
  #settledCount = 0;

  constructor(entries: Map<string, number> = new Map()) {
    this.#durable = entries;
    this.#entries = entries;
  }

  get entries(): ReadonlyMap<string, number> {
    return this.#entries;
  }

  get durableEntries(): ReadonlyMap<string, number> {
    return this.#durable;
  }

  get pending(): readonly NameChange[] {
    return this.#pending;
  }

  /** The number of changes so far, durable or not: what `settle` takes. */
  get changeCount(): number {
    return this.#settledCount + this.#pending.length;
  }

  /** An inode in the same state, independent of this one as long as this one is never changed again. */
  copy(): DirectoryInode {
    const copy = new DirectoryInode(this.#entries);
    copy.#durable = this.#durable;
    copy.#pending = this.#pending.slice();
    copy.#settledCount = this.#settledCount;
    return copy;
  }

  change(change: NameChange): void {
    if (!this.#isEntriesOurs) {
      this.#entries = new Map(this.#entries);
      this.#isEntriesOurs = true;
    }
    apply(change, this.#entries);
    this.#pending.push(change);
  }

  /** Makes the first `count` changes of this directory durable. */
  settle(count: number): void {
    const settled = count - this.#settledCount;
    if (settled <= 0) return;
    if (settled === this.#pending.length) {
      this.#durable = this.#entries;
      this.#isEntriesOurs = false;
      this.#pending = [];
    } else {
      this.#durable = withChanges(this.#durable, this.#pending.slice(0, settled));
      this.#pending = this.#pending.slice(settled);
    }
    this.#settledCount = count;
  }

  /** Adds a name that is durable at once, and no other with it as far as they are about different names. */
  addDurably(name: string, inode: number): void {
    const isContested = this.#pending.some((change) => concerns(change, name));
    if (isContested) this.settle(this.changeCount);
    this.#durable = new Map(this.#durable).set(name, inode);
    this.#entries = new Map(this.#entries).set(name, inode);
    this.#isEntriesOurs = true;
  }

  /** What a power cut leaves of the names when only `kept` of the pending changes reached the medium; all of them by default. */
  namesAfterPowerCut(kept: readonly NameChange[] = this.#pending): Map<string, number> {
    return withChanges(this.#durable, kept);
  }
}

function withChanges(entries: ReadonlyMap<string, number>, changes: readonly NameChange[]): Map<string, number> {
  const changed = new Map(entries);
  for (const change of changes) apply(change, changed);
  return changed;
}

/**
 * A change may come without the one it was built on: a removal then takes away whatever has the name, a rename gives the
 * file its new name though the old one never got there.
 */
function apply(change: NameChange, entries: Map<string, number>): void {
  switch (change.kind) {
    case 'create':
      entries.set(change.name, change.inode);
      break;
    case 'remove':
      entries.delete(change.name);
      break;
    case 'rename':
      if (entries.get(change.name) === change.inode) entries.delete(change.name);
      entries.set(change.to, change.inode);
      break;
  }
}

function concerns(change: NameChange, name: string): boolean {
  return change.name === name || (change.kind === 'rename' && change.to === name);
}
