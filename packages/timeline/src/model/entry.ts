import type { TraceEvent } from '../trace/event.js';
import type { Kind } from './kind.js';
import type { NodeState } from './node-state.js';

/** The node that an event is of. */
export interface EntryLane {
  readonly name: string;
  /** Its state once `entry`, of whatever lane, has happened. */
  stateAt(entry: Entry): NodeState;
  /** Its state just before `entry`. */
  stateBefore(entry: Entry): NodeState;
}

/** One event in its place. */
export interface Entry {
  /** Grows as events are added. Of two at the same time the one added first comes first. */
  readonly id: number;
  /** On the page's one time axis. */
  readonly atMs: number;
  readonly event: TraceEvent;
  /** Null for an event of no member. */
  readonly lane: EntryLane | null;
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

/** A message, from its sending to its receipt: an arrow. */
export interface Message {
  /** Unique within one life of its sender. */
  readonly id: number;
  /** Its own name, such as `request-vote`. */
  readonly name: string;
  readonly kind: Kind;
  /** Members. */
  readonly from: string;
  readonly to: string;
  /** Their nodes, for whoever asks often. */
  readonly fromNode: string;
  readonly toNode: string;
  readonly term: number | null;
  /** Null where the trace begins after it. */
  send: Entry | null;
  /** Null where it never came in, or has not yet. */
  receive: Entry | null;
  /** Why the network did not carry it, where the trace knows. */
  lost: string | null;
  /** Why its receiver did not act on it. */
  ignored: string | null;
  /** The network made this copy. */
  readonly isDuplicate: boolean;
}

/** When an arrow begins; where its sending is not in the trace, when it ends. */
export function beginMs({ send, receive }: Message): number {
  return (send ?? receive)!.atMs;
}

/** When an arrow ends; where it never arrives, when it began. */
export function endMs({ send, receive }: Message): number {
  return (receive ?? send)!.atMs;
}
