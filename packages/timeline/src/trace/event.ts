/** One line of a trace. The schema is `docs/trace.md`; fields of a kind's own are beside these. */
export interface TraceEvent {
  readonly v: 1;
  /** Milliseconds with fractions, on the clock of whoever wrote the line. */
  readonly atMs: number;
  /** The member, `node id@storage id`; `world` for what happens to no member of its own. */
  readonly node: string;
  readonly term: number;
  /** The log's last index after the event. */
  readonly index: number;
  readonly commit: number;
  /** Its kind. One that is not known is shown as it is. */
  readonly event: string;
  /** Why, for people. */
  readonly cause: string;
  readonly [field: string]: unknown;
}

/** What `node` is where an event is of no member: a cut network, a violated invariant. */
export const world = 'world';

/** The node of a member `node id@storage id`: its lane. */
export function nodeOf(member: string): string {
  const at = member.lastIndexOf('@');
  return at === -1 ? member : member.slice(0, at);
}

/** A field that is a string, or null. */
export function textOf(event: TraceEvent, field: string): string | null {
  const value = event[field];
  return typeof value === 'string' ? value : null;
}

/** A field that is a number, or null. */
export function numberOf(event: TraceEvent, field: string): number | null {
  const value = event[field];
  return typeof value === 'number' ? value : null;
}

/** A field that is a list of strings; empty where it is not there. */
export function namesOf(event: TraceEvent, field: string): readonly string[] {
  const value = event[field];
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}
