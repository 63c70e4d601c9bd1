import type { Entry } from '../model/entry.js';
import { Filter, matcherOf, nextEntry } from '../model/filter.js';
import type { Lane } from '../model/lane.js';
import type { Timeline } from '../model/timeline.js';
import { View } from '../model/view.js';
import { gutter } from './scene.js';

/** How much of the present is shown while it is followed. */
const followedMs = 8000;

/** What somebody looks at, and how: the parts of the page read it, change it by these methods, and are told. */
export class App {
  readonly filter: Filter = new Filter();
  view: View = new View(0, 1, gutter, 100);
  /** The event that the cursor stands on: states are those right after it. */
  cursor: Entry | null = null;
  /** A lane that arrow keys keep to; null: all of them. */
  focus: Lane | null = null;
  /** A last line of the trace that was cut short, and is left out. */
  tornLine: string | null = null;
  query = '';
  found: readonly Entry[] = [];
  /** Whether the view goes along with the present. */
  isFollowing: boolean;
  #listeners: (() => void)[] = [];
  #matches: ((entry: Entry) => boolean) | null = null;
  #searchedTo = 0;

  constructor(
    readonly timeline: Timeline,
    /** The present, on the time axis; null where the trace is of the past. */
    readonly nowMs: (() => number) | null,
  ) {
    this.isFollowing = nowMs !== null;
  }

  get isLive(): boolean {
    return this.nowMs !== null;
  }

  /** Where the time that one may look at ends. */
  get endMs(): number {
    return this.nowMs === null ? this.timeline.toMs : Math.max(this.nowMs(), this.timeline.toMs);
  }

  get lanes(): readonly Lane[] {
    return this.timeline.lanes.filter(({ name }) => !this.filter.hiddenLanes.has(name));
  }

  /** Calls `listener` after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** New events have come, or time has gone by. */
  advanced(): void {
    if (this.#matches !== null) this.#searchNew(this.#matches);
    if (this.isFollowing) {
      const spanMs = Math.min(this.view.spanMs, 60_000);
      const { endMs } = this;
      this.view = new View(endMs - spanMs * 0.96, endMs + spanMs * 0.04, this.view.left, this.view.width);
    }
    this.changed();
  }

  resize(width: number): void {
    this.view = this.view.resized(gutter, width - gutter - 12);
    this.changed();
  }

  look(view: View): void {
    const { fromMs } = this.timeline;
    this.view = view.within(fromMs, this.endMs);
    this.changed();
  }

  zoom(factor: number, aroundMs?: number): void {
    const { fromMs, toMs } = this.view;
    const cursorMs = this.cursor?.atMs ?? Number.NaN;
    const middleMs = cursorMs >= fromMs && cursorMs <= toMs ? cursorMs : (fromMs + toMs) / 2;
    this.look(this.view.zoom(factor, this.isFollowing ? this.endMs : (aroundMs ?? middleMs)));
  }

  pan(byMs: number): void {
    this.isFollowing = false;
    this.look(this.view.pan(byMs));
  }

  fit(): void {
    this.isFollowing = false;
    this.look(this.view.fit(this.timeline.fromMs, this.endMs));
  }

  follow(): void {
    this.isFollowing = this.isLive;
    this.view = new View(this.endMs - followedMs, this.endMs, this.view.left, this.view.width);
    this.advanced();
  }

  /** Puts the cursor on an event, and shows it. */
  select(entry: Entry | null, { isClose = false }: { readonly isClose?: boolean } = {}): void {
    this.cursor = entry;
    if (entry === null) {
      this.changed();
      return;
    }
    this.isFollowing = false;
    const view = isClose && this.view.spanMs > 60 ? this.view.zoom(60 / this.view.spanMs, entry.atMs) : this.view;
    this.look(view.showing(entry.atMs));
  }

  /** The next event that is shown, in the lane that arrow keys keep to. @returns whether there is one */
  step(
    direction: 1 | -1,
    passes: (entry: Entry) => boolean = () => true,
    options: { readonly isClose?: boolean } = {},
  ): boolean {
    const { entries } = this.timeline;
    const from = this.#position(direction);
    const next = nextEntry(entries, from, direction, (entry) => {
      const isKept = this.focus === null || entry.lane === this.focus || entry.lane === null;
      return isKept && this.filter.shows(entry) && passes(entry);
    });
    if (next === undefined) return false;
    this.select(next, options);
    return true;
  }

  /** The first or the last event that is shown. */
  jump(direction: 1 | -1): void {
    this.cursor = null;
    const { entries } = this.timeline;
    const from = direction === 1 ? -1 : entries.length;
    const next = nextEntry(entries, from, direction, (entry) => this.filter.shows(entry));
    if (next !== undefined) this.select(next);
  }

  /** Keeps arrow keys to the next lane, or to none. */
  moveFocus(by: 1 | -1): void {
    const choices: readonly (Lane | null)[] = [null, ...this.lanes];
    const at = choices.indexOf(this.focus);
    this.focus = choices[(at + by + choices.length) % choices.length]!;
    this.changed();
  }

  search(query: string): void {
    this.query = query;
    this.#matches = matcherOf(query);
    this.found = [];
    this.#searchedTo = 0;
    if (this.#matches !== null) this.#searchNew(this.#matches);
    this.changed();
  }

  /** The next of what was found. @returns its number, from 1; 0 where nothing was */
  nextFound(direction: 1 | -1): number {
    const { found, cursor } = this;
    if (found.length === 0) return 0;
    const isAfter = (entry: Entry): boolean => cursor === null || this.#isAfter(entry, cursor);
    const after = found.findIndex(isAfter);
    const before = found.findLastIndex((entry) => cursor === null || (!isAfter(entry) && entry !== cursor));
    const at = direction === 1 ? (after === -1 ? 0 : after) : before === -1 ? found.length - 1 : before;
    this.select(found[at]!, { isClose: true });
    return at + 1;
  }

  #isAfter(one: Entry, other: Entry): boolean {
    return one.atMs > other.atMs || (one.atMs === other.atMs && one.id > other.id);
  }

  #searchNew(matches: (entry: Entry) => boolean): void {
    const { entries } = this.timeline;
    const known = new Set(this.found);
    // Those that came late stand a little before the end.
    const fresh = entries
      .slice(Math.max(0, this.#searchedTo - 200))
      .filter((entry) => !known.has(entry) && matches(entry));
    const firstId = entries[0]?.id ?? 0;
    this.found = [...this.found.filter(({ id }) => id >= firstId), ...fresh];
    this.#searchedTo = entries.length;
  }

  #position(direction: 1 | -1): number {
    const { timeline, cursor, view } = this;
    if (cursor !== null) return timeline.positionOf(cursor);
    // Without a cursor one begins with what is seen.
    const edge = timeline.entryAt(direction === 1 ? view.fromMs : view.toMs);
    return edge === undefined ? -1 : timeline.positionOf(edge) + (direction === 1 ? 0 : 1);
  }
}
