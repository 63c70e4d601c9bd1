import type { LogPosition } from './position.js';

/** A batch on its way to the disk. */
export interface Append {
  readonly kind: 'append';
  readonly batch: Buffer;
  /** The batch's length when it was taken: its owner may give the memory away once it is written. */
  readonly bytes: number;
  /** The point behind it: what whoever waits is told. */
  readonly end: LogPosition;
  /** Nobody waits for all but the last of several that were appended together. */
  readonly resolve: ((end: never) => void) | undefined;
  readonly reject: ((error: unknown) => void) | undefined;
  /** Called with the batch when it is refused. */
  readonly undo: ((batch: Buffer) => void) | undefined;
}

/** Decided when the batch behind it was taken, with the state derived up to there. */
export interface Roll {
  readonly kind: 'roll';
  readonly state: Uint8Array | undefined;
}

/** A change of the segments; nothing is written meanwhile. */
export interface Change {
  readonly kind: 'change';
  readonly run: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
