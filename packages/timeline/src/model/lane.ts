import { compareEntries, type Entry, type EntryLane } from './entry.js';
import { type Look, lookOf, type NodeState, unknown } from './node-state.js';
import { countWhile } from './search.js';

/** A time in which a node looks the same and is in one term. */
export interface Span {
  readonly fromMs: number;
  /** Infinity where it has not ended. */
  toMs: number;
  readonly look: Look;
  readonly term: number;
}

/** One node: its events in order, and what it looked like meanwhile. */
export class Lane implements EntryLane {
  readonly entries: Entry[] = [];
  readonly spans: Span[] = [];
  /** The last of those that were forgotten: what it made the node lasts until the next. */
  #forgotten: Entry | null = null;

  constructor(readonly name: string) {}

  /** Its last event, also if that was forgotten. */
  get lastEntry(): Entry | null {
    return this.entries.at(-1) ?? this.#forgotten;
  }

  get lastState(): NodeState {
    return this.lastEntry?.state ?? unknown;
  }

  /** Its events come in order: a node's own clock never goes back. */
  add(entry: Entry): void {
    this.entries.push(entry);
    const look = lookOf(entry.state);
    const { term } = entry.state;
    const open = this.spans.at(-1);
    if (open !== undefined && open.look === look && open.term === term) return;
    if (open !== undefined) {
      open.toMs = entry.atMs;
      // What lasts no time was never seen.
      if (open.fromMs === open.toMs) this.spans.pop();
    }
    if (look !== null) this.spans.push({ fromMs: entry.atMs, toMs: Number.POSITIVE_INFINITY, look, term });
  }

  /** Forgets its first events. */
  forget(count: number, beforeMs: number): void {
    this.#forgotten = this.entries.splice(0, count).at(-1) ?? this.#forgotten;
    this.spans.splice(
      0,
      countWhile(this.spans, (span) => span.toMs < beforeMs),
    );
  }

  stateAt(entry: Entry): NodeState {
    return this.#lastOf((each) => compareEntries(each, entry) <= 0);
  }

  stateBefore(entry: Entry): NodeState {
    return this.#lastOf((each) => compareEntries(each, entry) < 0);
  }

  /** The state after the last event that passes. */
  #lastOf(passes: (each: Entry) => boolean): NodeState {
    const last = this.entries[countWhile(this.entries, passes) - 1];
    if (last !== undefined) return last.state;
    return this.#forgotten !== null && passes(this.#forgotten) ? this.#forgotten.state : unknown;
  }
}
