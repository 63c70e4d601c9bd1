import type { TraceEvent } from '../trace/event.js';
import type { Entry } from './entry.js';
import type { Kind } from './kind.js';

/** What is shown: everything that is not hidden. */
export class Filter {
  readonly hiddenLanes: Set<string> = new Set();
  readonly hiddenKinds: Set<Kind> = new Set();
  /** One term alone; null: all. */
  term: number | null = null;

  shows({ lane, kind, event }: Entry): boolean {
    if (kind === 'violation') return true;
    if (this.hiddenKinds.has(kind)) return false;
    if (lane === null) return true;
    return !this.hiddenLanes.has(lane.name) && (this.term === null || event.term === this.term);
  }

  toggleLane(name: string): void {
    toggle(this.hiddenLanes, name);
  }

  toggleKind(kind: Kind): void {
    toggle(this.hiddenKinds, kind);
  }

  clear(): void {
    this.hiddenLanes.clear();
    this.hiddenKinds.clear();
    this.term = null;
  }
}

function toggle<Each>(set: Set<Each>, each: Each): void {
  if (!set.delete(each)) set.add(each);
}

/**
 * The next event that passes, in one direction.
 *
 * @param from a position in `entries`; it is not looked at itself
 */
export function nextEntry(
  entries: readonly Entry[],
  from: number,
  direction: 1 | -1,
  passes: (entry: Entry) => boolean,
): Entry | undefined {
  for (let at = from + direction; at >= 0 && at < entries.length; at += direction) {
    if (passes(entries[at]!)) return entries[at];
  }
  return undefined;
}

/** Whether an event holds every word that was asked for, anywhere in its line of the trace. */
export function matcherOf(query: string): ((entry: Entry) => boolean) | null {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  return ({ event }) => {
    const text = searchedOf(event);
    return words.every((word) => text.includes(word));
  };
}

/** What a search looks through, of every event that was searched: the next letter asks for all of them again. */
const searched = new WeakMap<TraceEvent, string>();

function searchedOf(event: TraceEvent): string {
  const known = searched.get(event);
  if (known !== undefined) return known;
  const text = JSON.stringify(event).toLowerCase();
  searched.set(event, text);
  return text;
}
