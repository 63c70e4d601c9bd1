import type { Index, Term } from './entry.js';
import { invariant } from './invariant.js';

/** Entries of one term in a row: from `first` up to the next run. */
export interface TermRun {
  readonly first: Index;
  readonly term: Term;
}

/**
 * The term of every entry, as runs: terms never decrease along a log, so a leader's whole reign costs one pair of numbers, and
 * consistency checks never touch the disk.
 */
export class Terms {
  readonly #firsts: Index[] = [];
  readonly #terms: Term[] = [];

  /** The entry before the first: what a snapshot or a trim left behind. */
  #start: { index: Index; term: Term };
  #last: Index;

  constructor(start: { readonly index: Index; readonly term: Term }, runs: readonly TermRun[], lastIndex: Index) {
    this.#start = { index: start.index, term: start.term };
    this.#last = start.index;
    for (const run of runs) this.#pushRun(Math.max(run.first, start.index + 1), run.term);
    invariant(lastIndex >= start.index, `the log ends at ${lastIndex}, before its start ${start.index}`);
    invariant(lastIndex === start.index || runs.length > 0, 'a log with entries must know their terms');
    this.#last = lastIndex;
  }

  get start(): { readonly index: Index; readonly term: Term } {
    return this.#start;
  }

  get lastIndex(): Index {
    return this.#last;
  }

  get lastTerm(): Term {
    return this.#terms.length > 0 ? this.#terms[this.#terms.length - 1]! : this.#start.term;
  }

  /** The term at `index`, or undefined where this log does not reach: below its start or past its end. */
  at(index: Index): Term | undefined {
    if (index > this.#last || index < this.#start.index) return undefined;
    if (index === this.#start.index) return this.#start.term;
    const newest = this.#firsts.length - 1;
    if (index >= this.#firsts[newest]!) return this.#terms[newest]!;
    let low = 0;
    let high = newest;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#firsts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return this.#terms[low]!;
  }

  /** The last index, at most `index`, whose term is at most `term`: where two logs may still agree. */
  lastAtMost(index: Index, term: Term): Index {
    let at = Math.min(index, this.#last);
    for (let run = this.#firsts.length - 1; run >= 0; run--) {
      if (this.#firsts[run]! > at) continue;
      if (this.#terms[run]! <= term) return at;
      at = this.#firsts[run]! - 1;
    }
    return at;
  }

  append(index: Index, term: Term): void {
    invariant(index === this.#last + 1, `entry ${index} must follow ${this.#last}`);
    if (this.#terms.length === 0 || term !== this.lastTerm) this.#pushRun(index, term);
    this.#last = index;
  }

  truncate(from: Index): void {
    invariant(from > this.#start.index, `cannot truncate from ${from}: the log starts after ${this.#start.index}`);
    while (this.#firsts.length > 0 && this.#firsts[this.#firsts.length - 1]! >= from) {
      this.#firsts.pop();
      this.#terms.pop();
    }
    this.#last = Math.min(this.#last, from - 1);
  }

  /** Moves the start up to `index`, which must be in the log. */
  compact(index: Index): void {
    const term = this.at(index);
    invariant(term !== undefined, `cannot compact to ${index}, which is not in the log`);
    this.#start = { index, term };
    let gone = 0;
    while (gone + 1 < this.#firsts.length && this.#firsts[gone + 1]! <= index + 1) gone += 1;
    this.#firsts.splice(0, gone);
    this.#terms.splice(0, gone);
    if (index === this.#last) this.#firsts.length = this.#terms.length = 0;
    else if (this.#firsts[0]! <= index) this.#firsts[0] = index + 1;
  }

  /** Starts over behind a snapshot. */
  reset(start: { readonly index: Index; readonly term: Term }): void {
    this.#start = { index: start.index, term: start.term };
    this.#firsts.length = this.#terms.length = 0;
    this.#last = start.index;
  }

  runs(): TermRun[] {
    return this.#firsts.map((first, at) => ({ first, term: this.#terms[at]! }));
  }

  #pushRun(first: Index, term: Term): void {
    invariant(term >= this.lastTerm, `terms never decrease along a log: ${term} at ${first} after ${this.lastTerm}`);
    this.#firsts.push(first);
    this.#terms.push(term);
  }
}
