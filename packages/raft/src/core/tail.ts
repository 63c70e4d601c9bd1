import { type Entry, entryBytes, type Index } from './entry.js';
import { invariant } from './invariant.js';

/**
 * The newest entries, in memory: all that are not yet on disk, and behind them those that somebody may ask for soon, as many as fit a byte cap.
 * What was evicted is read back through the storage.
 */
export class Tail {
  #entries: Entry[] = [];
  #head = 0;
  #next: Index;
  #bytes = 0;

  constructor(lastIndex: Index) {
    this.#next = lastIndex + 1;
  }

  /** The lowest index held; one past the log's end when nothing is. */
  get first(): Index {
    return this.#next - (this.#entries.length - this.#head);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(index: Index): Entry | undefined {
    return index < this.first ? undefined : this.#entries[this.#head + index - this.first];
  }

  /** Entries from `from` on, at least one if it is here, stopping before `bytesMax` would be exceeded or after `countMax`. */
  slice(from: Index, bytesMax: number, countMax: number): Entry[] {
    invariant(from >= this.first, `entry ${from} is no longer in memory`);
    const taken: Entry[] = [];
    let bytes = 0;
    for (let at = this.#head + from - this.first; at < this.#entries.length && taken.length < countMax; at++) {
      const entry = this.#entries[at]!;
      bytes += entryBytes(entry);
      if (taken.length > 0 && bytes > bytesMax) break;
      taken.push(entry);
    }
    return taken;
  }

  append(entry: Entry): void {
    invariant(entry.index === this.#next, `entry ${entry.index} must follow ${this.#next - 1}`);
    this.#entries.push(entry);
    this.#next += 1;
    this.#bytes += entryBytes(entry);
  }

  truncate(from: Index): void {
    while (this.#next > from && this.#entries.length > this.#head) {
      this.#bytes -= entryBytes(this.#entries.pop()!);
      this.#next -= 1;
    }
    this.#next = Math.min(this.#next, from);
  }

  /** Lets go of the oldest entries, none above `upTo`, until at most `bytesMax` are held. */
  evict(upTo: Index, bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#head < this.#entries.length && this.first <= upTo) {
      this.#bytes -= entryBytes(this.#entries[this.#head]!);
      this.#entries[this.#head] = undefined as unknown as Entry;
      this.#head += 1;
    }
    // One copy per doubling: the array neither grows without end nor is shifted entry by entry.
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  reset(lastIndex: Index): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#next = lastIndex + 1;
  }
}
