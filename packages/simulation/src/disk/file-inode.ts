import { Content } from './content.js';

/** A change of a file's bytes or length that no sync has made durable yet. */
export type Change =
  /** `seams` are the places inside `bytes` where one buffer of the vectored write ended and the next began. */
  | {
      readonly kind: 'write';
      readonly position: number;
      readonly bytes: Uint8Array;
      readonly seams: readonly number[];
    }
  | { readonly kind: 'resize'; readonly length: number };

/**
 * One file, whatever its names: the bytes that are on the medium for certain, the changes since, and what a reader sees,
 * which is the first with all of the second.
 */
export class FileInode {
  readonly kind = 'file';
  /** Nine bits; set when the file is made. */
  readonly permissions: number;
  #durable: Content;
  #cached: Content;
  /** Whether `#cached` is ours to write: neither a copy of this inode nor `#durable` is the same object. */
  #isCachedOurs = false;
  #pending: Change[];
  /** How many of the first pending changes a failed sync has dropped: they may be on the medium, and no sync will put them there. */
  #abandoned = 0;
  /** Whether readers see bytes that no sync will ever make durable. */
  #isCacheAhead = false;
  #settledCount = 0;

  constructor(content: Content = new Content(), permissions = 0o644) {
    this.permissions = permissions;
    this.#durable = content;
    this.#cached = content;
    this.#pending = [];
  }

  get length(): number {
    return this.#cached.length;
  }

  get durableLength(): number {
    return this.#durable.length;
  }

  get pending(): readonly Change[] {
    return this.#pending;
  }

  /** The number of changes so far, durable or not: what `settle` takes. */
  get changeCount(): number {
    return this.#settledCount + this.#pending.length;
  }

  get isClean(): boolean {
    return this.#pending.length === 0 && !this.#isCacheAhead;
  }

  /** An inode in the same state, independent of this one as long as this one is never changed again. */
  copy(): FileInode {
    const copy = new FileInode(this.#durable, this.permissions);
    copy.#cached = this.#cached;
    copy.#pending = this.#pending.slice();
    copy.#abandoned = this.#abandoned;
    copy.#isCacheAhead = this.#isCacheAhead;
    copy.#settledCount = this.#settledCount;
    return copy;
  }

  read(into: Uint8Array, position: number): number {
    return this.#cached.read(into, position);
  }

  change(change: Change): void {
    if (!this.#isCachedOurs) {
      this.#cached = this.#cached.copy();
      this.#isCachedOurs = true;
    }
    apply(change, this.#cached);
    this.#pending.push(change);
  }

  /** Makes the first `count` changes of this file durable. */
  settle(count: number): void {
    const settled = count - this.#settledCount;
    if (settled <= 0) return;
    this.#isCacheAhead ||= this.#abandoned > 0;
    if (settled === this.#pending.length && !this.#isCacheAhead) {
      this.#durable = this.#cached;
      this.#isCachedOurs = false;
      this.#pending = [];
    } else {
      this.#durable = withChanges(this.#durable, this.#pending.slice(this.#abandoned, settled));
      this.#pending = this.#pending.slice(settled);
    }
    this.#abandoned = Math.max(0, this.#abandoned - settled);
    this.#settledCount = count;
  }

  /**
   * What a failed sync leaves: the kernel takes the pages for clean, readers still see them, and a later sync that succeeds
   * says nothing of them (Rebello et al., ATC 2020).
   */
  abandon(): void {
    this.#abandoned = this.#pending.length;
  }

  /** What a power cut leaves of this file when only `kept` of the pending changes reached the medium; all of them by default. */
  afterPowerCut(kept?: readonly Change[]): FileInode {
    if (this.isClean) return this;
    if (kept === undefined && !this.#isCacheAhead) return new FileInode(this.#cached, this.permissions);
    return new FileInode(withChanges(this.#durable, kept ?? this.#pending), this.permissions);
  }

  /** Inverts bits on the medium and in what readers see: decay, not a change that a sync would speak of. */
  flip(position: number, mask: number): void {
    const wasClean = this.#durable === this.#cached;
    this.#cached = this.#cached.copy();
    this.#cached.flip(position, mask);
    this.#isCachedOurs = !wasClean;
    if (wasClean) {
      this.#durable = this.#cached;
    } else if (position < this.#durable.length) {
      this.#durable = this.#durable.copy();
      this.#durable.flip(position, mask);
    }
  }
}

function withChanges(content: Content, changes: readonly Change[]): Content {
  const changed = content.copy();
  for (const change of changes) apply(change, changed);
  return changed;
}

function apply(change: Change, content: Content): void {
  if (change.kind === 'write') content.write(change.bytes, change.position);
  else content.resize(change.length);
}
