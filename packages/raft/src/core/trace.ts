import type { Index, Term } from './entry.js';

/** What a traced event is about. The schema is `docs/trace.md`. */
export type TraceKind =
  | 'role'
  | 'vote'
  | 'append'
  | 'truncate'
  | 'persisted'
  | 'write-failed'
  | 'commit'
  | 'configuration'
  | 'snapshot'
  | 'repair'
  | 'read'
  | 'transfer'
  | 'send'
  | 'receive'
  | 'drop';

/** One line of a trace: who, when, at which term and commit, what happened, and why. */
export interface TraceEvent {
  readonly v: 1;
  readonly atMs: number;
  readonly node: string;
  readonly term: Term;
  /** The log's last index after the event. */
  readonly index: Index;
  readonly commit: Index;
  readonly event: TraceKind;
  readonly cause: string;
  readonly [field: string]: unknown;
}

export type TraceSink = (event: TraceEvent) => void;

/** What a member's code calls; it adds who, when, and where in the log. */
export type Trace = (event: TraceKind, cause: string, fields?: Readonly<Record<string, unknown>>) => void;
