import type { Address } from '@commitlog/runtime';
import type { MembershipEvent } from './member.js';
import type { Tags } from './tags.js';

/** What a core wants to be reminded of. It checks, when reminded, whether that still matters: nothing is ever cancelled. */
export type TimerKind =
  | { readonly kind: 'probe' }
  | { readonly kind: 'probe-timeout'; readonly seq: number }
  | { readonly kind: 'probe-end'; readonly seq: number }
  | { readonly kind: 'relay-nack'; readonly seq: number }
  | { readonly kind: 'relay-end'; readonly seq: number }
  | { readonly kind: 'suspicion' }
  | { readonly kind: 'watch' }
  | { readonly kind: 'gossip' }
  | { readonly kind: 'push-pull' }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'reap' }
  | { readonly kind: 'leave' };

export type CoreTimer = TimerKind & { readonly dueMs: number };

/** What happened. */
export type Input =
  /** The first input, once. */
  | {
      readonly kind: 'start';
      /** Where other members may be found, none of them certain: what was saved before a restart. */
      readonly contacts: readonly Address[];
    }
  /** A packet came in, from `from`, opened. */
  | { readonly kind: 'packet'; readonly from: Address; readonly bytes: Uint8Array }
  /** Somebody asks over a stream: a `respond` effect with the same id answers it, or none does. */
  | { readonly kind: 'asked'; readonly id: number; readonly bytes: Uint8Array }
  /** What became of an `ask` effect; undefined: nothing. */
  | { readonly kind: 'answered'; readonly id: number; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'timer'; readonly timer: CoreTimer }
  /** Exchange everything with these, and from now on remember them as places to look for members. */
  | { readonly kind: 'join'; readonly join: number; readonly addresses: readonly Address[] }
  | { readonly kind: 'set-tags'; readonly tags: Tags }
  | { readonly kind: 'leave' };

/** What is to be done about it. */
export type Effect =
  /** Send it once. The bytes are the receiver's of this effect. */
  | { readonly kind: 'send'; readonly to: Address; readonly bytes: Uint8Array }
  /** Ask over a stream, and say what came of it with an `answered` input of the same id. */
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly to: Address;
      readonly bytes: Uint8Array;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'respond'; readonly id: number; readonly bytes: Uint8Array }
  /** Give `timer` back when its time has come. */
  | { readonly kind: 'timer'; readonly timer: CoreTimer; readonly delayMs: number }
  | { readonly kind: 'event'; readonly event: MembershipEvent }
  /** All of a `join` has been tried; so many answered. */
  | { readonly kind: 'join-ended'; readonly join: number; readonly reached: number }
  /** The leave has been told as often as news is told, or its time is over. */
  | { readonly kind: 'leave-told' };
