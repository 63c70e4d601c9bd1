import type { Address } from '@commitlog/runtime';
import { addressText } from './address.js';

interface Contact {
  readonly address: Address;
  readonly sinceMs: number;
  readonly isSeed: boolean;
}

/** Where members were, or are said to be: where to look for the cluster when none of the known members is left. */
export class Contacts {
  readonly #contacts: Map<string, Contact> = new Map();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(address: Address, nowMs: number): void {
    const isSeed = this.#contacts.get(addressText(address))?.isSeed ?? false;
    this.#put({ address, sinceMs: nowMs, isSeed });
  }

  /** One that this member was told to join by: for ever. */
  addSeed(address: Address, nowMs: number): void {
    this.#put({ address, sinceMs: nowMs, isSeed: true });
  }

  /** Those that are not among `known`. */
  except(known: ReadonlySet<string>): Address[] {
    return [...this.#contacts].filter(([text]) => !known.has(text)).map(([, { address }]) => address);
  }

  /** Forgets those that were added before `ms`, but for the seeds. */
  forgetBefore(ms: number): void {
    for (const [text, { sinceMs, isSeed }] of this.#contacts) {
      if (sinceMs < ms && !isSeed) this.#contacts.delete(text);
    }
  }

  /** Beyond the bound the oldest goes, seeds last. */
  #put(contact: Contact): void {
    const text = addressText(contact.address);
    this.#contacts.delete(text);
    this.#contacts.set(text, contact);
    if (this.#contacts.size <= this.#max) return;
    const [oldest] = [...this.#contacts].find(([, { isSeed }]) => !isSeed) ?? this.#contacts.entries().next().value!;
    this.#contacts.delete(oldest);
  }
}
