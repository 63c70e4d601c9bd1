import { nodeOf, type TraceEvent, world } from '../trace/event.js';
import { linesOf, parseLine } from '../trace/parse.js';
import { beginMs, type Entry, endMs, type Message } from './entry.js';
import { type Kind, kindOf, messageKindOf } from './kind.js';
import { Lane } from './lane.js';
import { MessageJoin, messageNameOf } from './message-join.js';
import { stateAfter, unknown } from './node-state.js';
import { countWhile } from './search.js';

/** From here on this is the highest term that anybody is in. */
export interface TermSpan {
  readonly term: number;
  readonly fromMs: number;
  /** The node that was elected in it. */
  leader: string | null;
}

/** A time in which links are cut. */
export interface CutSpan {
  readonly fromMs: number;
  toMs: number;
  /** `[from, to]`, nodes. */
  readonly links: readonly (readonly [string, string])[];
}

/**
 * A trace as it is looked at: lanes of nodes, messages between them, terms, and every node's state at every instant. Events may be added for as long as one
 * looks; those of one node in their order, those of several in any, as streams deliver them.
 */
export class Timeline {
  /** By name. */
  readonly lanes: Lane[] = [];
  /** All events in order. */
  readonly entries: Entry[] = [];
  readonly terms: TermSpan[] = [];
  readonly cuts: CutSpan[] = [];
  readonly violations: Entry[] = [];
  /** How many events there are of each kind that there ever was. */
  readonly counts: Map<Kind, number> = new Map();
  readonly #lanesByName = new Map<string, Lane>();
  readonly #join = new MessageJoin();
  #messages: Message[] = [];
  /** By message: when the latest of it and all before it ends. Null when it must be made anew. */
  #latestEnds: Float64Array | null = null;
  #added = 0;

  /**
   * A whole trace.
   *
   * @throws TraceError that names the line
   */
  static of(trace: string | Iterable<string>): Timeline {
    const events = [...linesOf(trace)].map(([text, line]) => parseLine(text, line));
    // Traces of several members may stand one behind the other. What is together keeps its order.
    events.sort((one, other) => one.atMs - other.atMs);
    const timeline = new Timeline();
    for (const event of events) timeline.add(event);
    return timeline;
  }

  get fromMs(): number {
    return this.entries[0]?.atMs ?? 0;
  }

  get toMs(): number {
    return this.entries.at(-1)?.atMs ?? 0;
  }

  lane(name: string): Lane | undefined {
    return this.#lanesByName.get(name);
  }

  /**
   * Adds one event.
   *
   * @param atMs where it goes on the time axis; its own time unless told
   */
  add(event: TraceEvent, atMs: number = event.atMs): Entry {
    const lane = event.node === world ? null : this.#laneOf(nodeOf(event.node));
    const notBefore = lane?.lastEntry?.atMs ?? Number.NEGATIVE_INFINITY;
    const entry: Entry = {
      id: this.#added++,
      atMs: Math.max(atMs, notBefore),
      event,
      lane,
      state: lane === null ? unknown : stateAfter(lane.lastState, event),
      kind: kindOf(event),
      message: null,
    };
    const at = countBefore(this.entries, entry.atMs);
    if (at === this.entries.length) this.entries.push(entry);
    else this.entries.splice(at, 0, entry);
    lane?.add(entry);
    this.#connect(entry);
    this.#count(entry, 1);
    if (entry.kind === 'violation') this.violations.push(entry);
    this.#noteTerm(entry);
    this.#noteCut(entry);
    return entry;
  }

  /** Forgets the first events until `count` are left: whoever watches for days remembers the last of them. */
  keepLast(count: number): void {
    const excess = this.entries.length - count;
    if (excess <= 0) return;
    const forgotten = this.entries.splice(0, excess);
    const counts = new Map<string, number>();
    for (const entry of forgotten) {
      this.#count(entry, -1);
      if (entry.lane !== null) counts.set(entry.lane.name, (counts.get(entry.lane.name) ?? 0) + 1);
    }
    const { fromMs } = this;
    for (const [name, gone] of counts) this.#lanesByName.get(name)!.forget(gone, fromMs);
    this.#messages = this.#messages.filter((message) => beginMs(message) >= fromMs);
    this.#latestEnds = null;
    this.#join.forgetBefore(fromMs);
    // Of terms and cuts the last that began before still goes on.
    this.terms.splice(0, countWhile(this.terms, (span) => span.fromMs < fromMs) - 1);
    while (this.violations.length > 0 && this.violations[0]!.atMs < fromMs) this.violations.shift();
    while (this.cuts.length > 0 && this.cuts[0]!.toMs < fromMs) this.cuts.shift();
  }

  /** All messages, by when they begin. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Messages under way in a time, by when they begin; some that are not may be among them. */
  messagesIn(fromMs: number, toMs: number): readonly Message[] {
    this.#latestEnds ??= latestEndsOf(this.#messages);
    const ends = this.#latestEnds;
    const last = countWhile(this.#messages, (message) => beginMs(message) <= toMs);
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! < fromMs) low = middle + 1;
      else high = middle;
    }
    return this.#messages.slice(low, last);
  }

  /** The last event at or before a time; undefined before the first. */
  entryAt(ms: number): Entry | undefined {
    return this.entries[countBefore(this.entries, ms) - 1];
  }

  /** Where an event is in the order of all. */
  positionOf(entry: Entry): number {
    return countWhile(
      this.entries,
      (each) => each.atMs < entry.atMs || (each.atMs === entry.atMs && each.id < entry.id),
    );
  }

  #count({ kind }: Entry, by: 1 | -1): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + by);
  }

  #laneOf(name: string): Lane {
    const known = this.#lanesByName.get(name);
    if (known !== undefined) return known;
    const lane = new Lane(name);
    this.#lanesByName.set(name, lane);
    this.lanes.push(lane);
    this.lanes.sort((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }));
    return lane;
  }

  #connect(entry: Entry): void {
    const joined = this.#join.join(entry);
    if (joined === null) {
      if (entry.event.event === 'lost' || entry.event.event === 'drop')
        entry.kind = messageKindOf(messageNameOf(entry.event));
      return;
    }
    const { message, isNew } = joined;
    entry.message = message;
    entry.kind = message.kind;
    this.#latestEnds = null;
    if (!isNew) return;
    const at = countBeforeMessage(this.#messages, beginMs(message));
    if (at === this.#messages.length) this.#messages.push(message);
    else this.#messages.splice(at, 0, message);
  }

  #noteTerm({ event, lane, atMs }: Entry): void {
    if (lane === null) return;
    const { term } = event;
    if (term > (this.terms.at(-1)?.term ?? 0)) this.terms.push({ term, fromMs: atMs, leader: null });
    if (event.event !== 'role') return;
    const leader = event.role === 'leader' ? lane.name : typeof event.leader === 'string' ? nodeOf(event.leader) : null;
    const span = leader === null ? undefined : this.terms.findLast((each) => each.term === term);
    if (span !== undefined) span.leader ??= leader;
  }

  #noteCut({ event, atMs }: Entry): void {
    if (event.event !== 'partition' && event.event !== 'heal') return;
    const open = this.cuts.at(-1);
    if (open !== undefined && open.toMs === Number.POSITIVE_INFINITY) open.toMs = atMs;
    const links = linksOf(event);
    if (links.length > 0) this.cuts.push({ fromMs: atMs, toMs: Number.POSITIVE_INFINITY, links });
  }
}

/** The links that are cut after an event of the network. */
export function linksOf({ cut }: TraceEvent): (readonly [string, string])[] {
  if (!Array.isArray(cut)) return [];
  return cut.flatMap((link: unknown) => (Array.isArray(link) ? [[String(link[0]), String(link[1])] as const] : []));
}

/** Most are added at the end: from there it is never far. */
function countBefore(entries: readonly Entry[], ms: number): number {
  if (entries.length === 0 || entries.at(-1)!.atMs <= ms) return entries.length;
  return countWhile(entries, (each) => each.atMs <= ms);
}

function countBeforeMessage(messages: readonly Message[], ms: number): number {
  if (messages.length === 0 || beginMs(messages.at(-1)!) <= ms) return messages.length;
  return countWhile(messages, (each) => beginMs(each) <= ms);
}

function latestEndsOf(messages: readonly Message[]): Float64Array {
  const ends = new Float64Array(messages.length);
  let latest = Number.NEGATIVE_INFINITY;
  for (const [at, message] of messages.entries()) {
    latest = Math.max(latest, endMs(message));
    ends[at] = latest;
  }
  return ends;
}
