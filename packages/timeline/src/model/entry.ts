import type { TraceEvent } from '../trace/event.js';
import type { Kind } from './kind.js';
import type { Lane } from './lane.js';
import type { Message } from './message.js';
import type { NodeState } from './node-state.js';

/** One event in its place. */
export interface Entry {
  /** Grows as events are added. Of two at the same time the one added first comes first. */
  readonly id: number;
  /** On the page's one time axis. */
  readonly atMs: number;
  readonly event: TraceEvent;
  /** Null for an event of no member. */
  readonly lane: Lane | null;
  /** Of its own node, after it. */
  readonly state: NodeState;
  kind: Kind;
  /** The message that it is an end of. */
  message: Message | null;
}

/** The order of events: negative where `one` comes first. */
export function compareEntries(one: Entry, other: Entry): number {
  return one.atMs - other.atMs || one.id - other.id;
}
