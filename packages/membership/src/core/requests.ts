import type { Address } from '@commitlog/runtime';

/** Why something was asked over a stream. */
export type AskPurpose =
  | { readonly kind: 'probe'; readonly seq: number }
  | { readonly kind: 'push-pull'; readonly join: number | undefined }
  /** To be sure that one at least hears of a leave. */
  | { readonly kind: 'leave' };

/** What became of the one word over a stream that this member goes. */
export type LeaveWord = 'unsaid' | 'said' | 'heard';

/** A `join` under way. */
export interface Join {
  readonly waiting: Address[];
  pending: number;
  reached: number;
}
