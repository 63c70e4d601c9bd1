import type { Address } from '@commitlog/runtime';

/** Whom a packet goes to. */
export interface Recipient {
  readonly name: string;
  readonly address: Address;
}
