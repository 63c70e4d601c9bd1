import type { GiveWay } from '../give-way.js';

/** What an authority has taken back, by one list, or by several that are the same one. It never changes. */
export interface Revoked {
  /** The authority's name, for people. */
  readonly issuer: string;
  /** The digest of its key. */
  readonly issuerKey: string;
  /** Of which of its certificates the list speaks: another list of it may speak of others. */
  readonly scope: string;
  /** Grows with every list; of the last list that had one. */
  readonly number: bigint | undefined;
  /** Ms since 1970. */
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** See {@link normalSerialNumber}. */
  readonly serialNumbers: ReadonlySet<string>;
}

/** What holds from now on, and what is to be said about it. */
export interface Succession {
  readonly holds: Revoked;
  readonly warning?: string;
}

/**
 * What holds when a list comes after another one of the same authority and scope: the newer of the two, and both where neither is. A newer one may leave out what the
 * older one has, since that has expired (RFC 5280 §3.3); nothing else lets in again who was revoked.
 *
 * @param giveWay called between entries
 */
export async function succeed(held: Revoked, next: Revoked, giveWay: GiveWay): Promise<Succession> {
  const age = compareAge(next, held);
  if (age < 0)
    return {
      holds: held,
      warning: `${olderThan(held, next)}: that one is heeded on, take the newest one, or start anew where this is it`,
    };
  // A list without a number must not open the way for one with a lower number.
  if (age > 0) return { holds: { ...next, number: next.number ?? held.number } };
  const missing: string[] = [];
  for (const serialNumber of held.serialNumbers) {
    await giveWay();
    if (!next.serialNumbers.has(serialNumber)) missing.push(serialNumber);
  }
  if (missing.length === 0) return { holds: later(held, next, next.serialNumbers) };
  const serialNumbers = new Set(missing);
  for (const serialNumber of next.serialNumbers) {
    await giveWay();
    serialNumbers.add(serialNumber);
  }
  const warning = `the list of ${next.issuer} lacks ${missing.length} that another of the same number, or date, has revoked: both are heeded, take a newer one`;
  return { holds: later(held, next, serialNumbers), warning };
}

/** The number tells (RFC 5280 §5.2.3), and the date where not both have one: clocks are put right, numbers never fall. */
function compareAge(one: Revoked, other: Revoked): number {
  if (one.number === undefined || other.number === undefined) return one.thisUpdateMs - other.thisUpdateMs;
  return Number(one.number > other.number) - Number(one.number < other.number);
}

function olderThan(held: Revoked, next: Revoked): string {
  if (held.number !== undefined && next.number !== undefined)
    return `the list of ${next.issuer} has the number ${next.number} and comes after ${held.number}`;
  const [nextDate, heldDate] = [next, held].map(({ thisUpdateMs }) => new Date(thisUpdateMs).toISOString());
  return `the list of ${next.issuer} is of ${nextDate} and comes after that of ${heldDate}`;
}

function later(one: Revoked, other: Revoked, serialNumbers: ReadonlySet<string>): Revoked {
  return {
    ...other,
    number: other.number ?? one.number,
    thisUpdateMs: Math.max(one.thisUpdateMs, other.thisUpdateMs),
    nextUpdateMs: Math.max(one.nextUpdateMs, other.nextUpdateMs),
    serialNumbers,
  };
}
