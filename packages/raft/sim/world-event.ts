import type { MemberId, TraceEvent } from '../src/index.js';

/** What only the world knows of: no member could tell it of itself. */
export type WorldKind = 'start' | 'crash' | 'pause' | 'resume' | 'lost' | 'partition' | 'heal' | 'violation';

/** An event of the simulated world, in the form of a member's. The schema is `docs/trace.md`. */
export interface WorldEvent {
  readonly v: 1;
  readonly atMs: number;
  /** `world` where it is of no member. */
  readonly node: MemberId | 'world';
  readonly term: number;
  readonly index: number;
  readonly commit: number;
  readonly event: WorldKind;
  readonly cause: string;
  readonly [field: string]: unknown;
}

/** Takes what members and the world tell. */
export type SimTrace = (event: TraceEvent | WorldEvent) => void;
