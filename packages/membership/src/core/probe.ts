import type { Incarnation } from './incarnation.js';

/** A probe under way (SWIM §3.1). */
export interface Probe {
  readonly seq: number;
  readonly target: string;
  /** The target's, when it was pinged. */
  readonly incarnation: Incarnation;
  readonly endsMs: number;
  /** Whether it repeats one during which this member stood still. */
  readonly isRepeated: boolean;
  /** Who was asked to probe too. */
  readonly helpers: readonly string[];
  /** Which of them said that they are there, but had no answer. */
  readonly nacks: ReadonlySet<string>;
  readonly isAcked: boolean;
}

/**
 * Whatever asks for an answer is made this long, in bytes, and so is gossip, as whoever knows better answers it: the answer is never longer
 * than that, whoever asked, and has room for some news all the same.
 */
export const askingBytes = 320;
