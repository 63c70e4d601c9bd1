import type { Recipient } from './recipient.js';

/** A probe on behalf of another. */
export interface Relay {
  readonly asker: Recipient;
  /** The number that the asker gave it. */
  readonly seq: number;
  readonly target: string;
  /** No answer to the asker is longer than its question was. */
  readonly bytesMax: number;
}
