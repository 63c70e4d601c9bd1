import type { Index } from './entry.js';
import { invariant } from './invariant.js';

/** Numbers every write of this core's life, from 1. A completion names the write, never an index: indexes are reused. */
export type WriteNumber = number;

interface PendingWrite {
  readonly write: WriteNumber;
  readonly issuedAtMs: number;
  /** The lowest index it wrote or cut; 0 when it touched no entries. */
  readonly first: Index;
  /** The highest index that it makes durable in the log as it is now: a later truncation lowers it. */
  covers: Index;
  readonly hasHardState: boolean;
  readonly isInstall: boolean;
  /** Entries, repairs or a snapshot's part: a full disk refuses these. */
  readonly needsSpace: boolean;
  /** The holes it mends. */
  repairs: readonly Index[];
}

/**
 * The writes on their way to disk, in order, and how far the log is durable.
 *
 * A completion that arrives after the entries it wrote were truncated must not count for the entries that took their place, even
 * though the indexes are the same (the ABA of asynchronous storage). So truncation lowers what every pending
 * write covers; only the write that brought the new entries can make those durable.
 */
export class Writes {
  #pending: PendingWrite[] = [];
  #last: WriteNumber = 0;
  #durable: Index;

  constructor(durableIndex: Index) {
    this.#durable = durableIndex;
  }

  /** Every entry up to here is synced on this node's disk. */
  get durableIndex(): Index {
    return this.#durable;
  }

  get lastWrite(): WriteNumber {
    return this.#last;
  }

  get count(): number {
    return this.#pending.length;
  }

  /** Whether a write is under way that a full disk would refuse, and with it all that come behind it. */
  get isSpaceNeeded(): boolean {
    return this.#pending.some((pending) => pending.needsSpace);
  }

  /** Whether entries that mend holes are on their way to disk. */
  get isRepairing(): boolean {
    return this.#pending.some((pending) => pending.repairs.length > 0);
  }

  /** When the oldest write still under way was asked for, or null when there is none. */
  get oldestIssuedAtMs(): number | null {
    return this.#pending[0]?.issuedAtMs ?? null;
  }

  add(write: Omit<PendingWrite, 'write'>): WriteNumber {
    this.#last += 1;
    this.#pending.push({ ...write, write: this.#last });
    return this.#last;
  }

  /** The writes up to `upTo` are on disk. Returns the holes they mended. */
  complete(upTo: WriteNumber): Index[] {
    invariant(upTo <= this.#last, `write ${upTo} was never issued`);
    const mended: Index[] = [];
    while (this.#pending.length > 0 && this.#pending[0]!.write <= upTo) {
      const done = this.#pending.shift()!;
      this.#durable = Math.max(this.#durable, done.covers);
      mended.push(...done.repairs);
    }
    return mended;
  }

  /** Nothing from `from` on is in the log any more. */
  truncate(from: Index): void {
    this.#durable = Math.min(this.#durable, from - 1);
    for (const pending of this.#pending) {
      pending.covers = Math.min(pending.covers, from - 1);
      pending.repairs = pending.repairs.filter((index) => index < from);
    }
  }

  /**
   * The writes from `from` on did not happen. Returns the first entry that is missing now (0 when none is), and whether hard
   * state or a snapshot was among them.
   */
  fail(from: WriteNumber): {
    readonly firstMissing: Index;
    readonly lostHardState: boolean;
    readonly lostInstall: boolean;
  } {
    const failed = this.#pending.filter((pending) => pending.write >= from);
    this.#pending = this.#pending.filter((pending) => pending.write < from);
    const firsts = failed.map((pending) => pending.first).filter((first) => first > 0);
    return {
      firstMissing: firsts.length > 0 ? Math.min(...firsts) : 0,
      lostHardState: failed.some((pending) => pending.hasHardState),
      lostInstall: failed.some((pending) => pending.isInstall),
    };
  }
}
