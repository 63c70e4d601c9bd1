import type { Address } from '@commitlog/runtime';
import { addressText } from './address.js';

/** Where members were, or are said to be: where to look for the cluster when none of the known members is left. */
export class Contacts {
  readonly #addresses: Map<string, { readonly address: Address; readonly sinceMs: number }> = new Map();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Beyond the bound the oldest goes. */
  add(address: Address, nowMs: number): void {
    const text = addressText(address);
    this.#addresses.delete(text);
    this.#addresses.set(text, { address, sinceMs: nowMs });
    if (this.#addresses.size > this.#max) this.#addresses.delete(this.#addresses.keys().next().value!);
  }

  /** Those that are not among `known`. */
  except(known: ReadonlySet<string>): Address[] {
    return [...this.#addresses].filter(([text]) => !known.has(text)).map(([, { address }]) => address);
  }

  /** Forgets those that were added before `ms`. */
  forgetBefore(ms: number): void {
    for (const [text, { sinceMs }] of this.#addresses) if (sinceMs < ms) this.#addresses.delete(text);
  }
}
