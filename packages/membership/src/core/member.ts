import type { Address } from '@commitlog/runtime';
import type { Incarnation } from './incarnation.js';
import type { Tags } from './tags.js';

/**
 * `alive`: it answers, or nobody has found otherwise. `suspect`: it did not answer, and has some time left to object.
 * `failed`: it did not object. `left`: it said that it goes.
 */
export type MemberStatus = 'alive' | 'suspect' | 'failed' | 'left';

/** One member, as this one knows it. */
export interface Member {
  readonly name: string;
  readonly address: Address;
  readonly tags: Tags;
  readonly status: MemberStatus;
  readonly incarnation: Incarnation;
}

/**
 * `joined`: it is there, for the first time or again. `updated`: its tags or its address changed, or it refuted a suspicion.
 * `suspected`, `failed`, `left`: see {@link MemberStatus}. `member` is as it was right after.
 */
export interface MembershipEvent {
  readonly kind: 'joined' | 'updated' | 'suspected' | 'failed' | 'left';
  readonly member: Member;
}
