import type { Address } from '@commitlog/runtime';

/** What came in, with its envelope taken off. */
export type Opened =
  /** What a member of this cluster sent us, once. */
  | { readonly kind: 'payload'; readonly payload: Uint8Array }
  /** Nothing yet: this packet goes back to where it came from. It is never longer than what came in. */
  | { readonly kind: 'reply'; readonly packet: Uint8Array }
  /** None of ours: not answered. */
  | { readonly kind: 'refused' };

/** What packets travel in. */
export interface Envelope {
  /** Puts a payload for `to` into an envelope. */
  seal(to: Address, payload: Uint8Array): Uint8Array;
  open(from: Address, packet: Uint8Array): Opened;
  readonly counters: Readonly<EnvelopeCounters>;
}

/** Packets that were not let in, since the start. */
export interface EnvelopeCounters {
  /** Too short, of another form or version, or another cluster's. */
  foreign: number;
  /** Sealed with no key of ours, or changed on the way. */
  unauthenticated: number;
  /** Seen before. */
  replayed: number;
  /** Sealed by a member that has not yet shown that it is there now: it was asked to, but for those that are `unasked`. */
  unproven: number;
  /** Of these, how many were not asked after all: the packet was too short, or too many were asked within the same second. */
  unasked: number;
}

export function zeroEnvelopeCounters(): EnvelopeCounters {
  return { foreign: 0, unauthenticated: 0, replayed: 0, unproven: 0, unasked: 0 };
}

/** The first byte of each packet. */
export const forms = { plain: 1, sealed: 2, challenge: 3 } as const;
