import type { X509Certificate } from 'node:crypto';
import { keyDigest } from './revocations.js';

/** When a certificate is good: both ends belong to it, in ms since 1970. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

export function validityOf({ validFrom, validTo }: X509Certificate): Validity {
  return { fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) };
}

export function isInDate({ fromMs, untilMs }: Validity, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs <= untilMs;
}

/**
 * When each authority is good, by {@link keyDigest}. One whose certificate was renewed is there twice for a while, the expired certificate beside the
 * new one, with the same key: what it has signed is as good as ever.
 */
export function validitiesOf(authorities: readonly X509Certificate[]): ReadonlyMap<string, readonly Validity[]> {
  const all = new Map<string, Validity[]>();
  for (const authority of authorities) {
    const key = keyDigest(authority);
    all.set(key, [...(all.get(key) ?? []), validityOf(authority)]);
  }
  return all;
}
