import type { Address } from '@commitlog/runtime';

/** Why something was asked over a stream. */
export type AskPurpose =
  | { readonly kind: 'probe'; readonly seq: number }
  | { readonly kind: 'push-pull'; readonly join: number | undefined };

/** A `join` under way. */
export interface Join {
  readonly waiting: Address[];
  pending: number;
  reached: number;
}
