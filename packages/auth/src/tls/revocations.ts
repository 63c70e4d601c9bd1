import { createHash, type X509Certificate } from 'node:crypto';
import { AuthError, wordsOf } from '../errors.js';
import type { GiveWay } from '../give-way.js';
import type { X509Crl } from '../x509.js';
import { listsOf } from './list-file.js';
import { entriesOf, normalSerialNumber, signerOf, takeApart } from './signed-list.js';
import { voucherOf } from './vouching.js';

/** What names one certificate for good: the key that signed it, and the serial number that its holder gave it. */
export interface CertificateName {
  /** See {@link keyDigest}; missing where nobody is known to have signed it. */
  readonly issuerKey: string | undefined;
  /** Hexadecimal, in capitals, without leading zeros. */
  readonly serialNumber: string;
}

/** A public key's SHA-256: authorities are told apart by their keys, since names can be written in more than one way. */
export function keyDigest(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** What one authority has taken back. */
interface Revoked {
  /** The authority's name, for people. */
  readonly issuer: string;
  /** Of the newest list, as the date is. */
  readonly number: bigint | undefined;
  readonly thisUpdateMs: number;
  /** Of all its lists. */
  readonly serialNumbers: ReadonlySet<string>;
}

/** Authorities that are accepted, and what they have taken back. */
export interface Accepted {
  readonly authorities: readonly X509Certificate[];
  readonly revocations: Revocations;
}

/** How lists are read. */
export interface ReadingLists {
  /** Called between entries: a list may have hundreds of thousands. */
  readonly giveWay: GiveWay;
  /** Whether lists that none of the authorities has signed are passed over, and no error. */
  readonly passesOverOthers: boolean;
}

/** Certificates that their authorities have taken back. It never changes. */
export class Revocations {
  static readonly none: Revocations = new Revocations(new Map(), undefined);
  /** When the first of the lists should have been replaced by a newer one, in ms since 1970; it is heeded all the same. */
  readonly nextUpdateMs: number | undefined;
  /** By the {@link keyDigest} of who has taken back. */
  readonly #revoked: ReadonlyMap<string, Revoked>;

  private constructor(revoked: ReadonlyMap<string, Revoked>, nextUpdateMs: number | undefined) {
    this.#revoked = revoked;
    this.nextUpdateMs = nextUpdateMs;
  }

  get size(): number {
    return [...this.#revoked.values()].reduce((sum, { serialNumbers }) => sum + serialNumbers.size, 0);
  }

  has({ issuerKey, serialNumber }: CertificateName): boolean {
    return issuerKey !== undefined && (this.#revoked.get(issuerKey)?.serialNumbers.has(serialNumber) ?? false);
  }

  /**
   * Why these must not follow others, or `undefined` where they may: an older list, or a lost one, would let in who was revoked meanwhile.
   *
   * @param authorities those that are accepted from now on: the list of one that is retired may go with it, once none of these vouches for it any more
   * @param giveWay called between entries
   */
  async problemAfter(
    before: Accepted,
    authorities: readonly X509Certificate[],
    giveWay: GiveWay = () => undefined,
  ): Promise<string | undefined> {
    if (before.revocations === this) return undefined;
    const accepted = new Set(authorities.map(keyDigest));
    for (const [key, old] of before.revocations.#revoked) {
      const next = this.#revoked.get(key);
      const problem = next === undefined ? undefined : await problemOfSuccessor(next, old, giveWay);
      if (problem !== undefined)
        return `the list of ${old.issuer} ${problem}: take the newest one, or start anew if this is meant`;
      if (next !== undefined) continue;
      if (accepted.has(key))
        return `there is no list of ${old.issuer} any more, whose certificates are still accepted: put it back, or retire the authority as well`;
      const voucher = this.#voucherOf(key, [...before.authorities, ...authorities], accepted);
      if (voucher !== undefined)
        return `there is no list of ${old.issuer} any more, which is still vouched for by ${namesOf(voucher)}: let that one revoke it first, or put it and its list back`;
    }
    return undefined;
  }

  /** Who of the accepted ones lets in whoever shows a certificate with this key. */
  #voucherOf(
    key: string,
    known: readonly X509Certificate[],
    accepted: ReadonlySet<string>,
  ): X509Certificate | undefined {
    const vouching = {
      known,
      isAccepted: (authority: X509Certificate) => accepted.has(keyDigest(authority)),
      isRevoked: ({ serialNumber }: X509Certificate, issuer: X509Certificate) =>
        this.has({ issuerKey: keyDigest(issuer), serialNumber: normalSerialNumber(serialNumber) }),
    };
    const vouchers = known.filter((each) => keyDigest(each) === key).map((each) => voucherOf(each, vouching));
    return vouchers.find((voucher) => voucher !== undefined);
  }

  /**
   * Reads revocation lists (RFC 5280 §5), PEM or one in DER. Each must be signed by one of the authorities.
   *
   * @throws AuthError `certificates` when one is not, or says more than we understand
   */
  static async read(
    content: Buffer,
    path: string,
    authorities: readonly X509Certificate[],
    { giveWay = () => undefined, passesOverOthers = false }: Partial<ReadingLists> = {},
  ): Promise<Revocations> {
    const refuse = (why: string): AuthError => new AuthError('certificates', `${path}: ${why}`, { path });
    const revoked = new Map<string, RevocationList>();
    const setOf = (issuerKey: string): Set<string> => revoked.get(issuerKey)?.serialNumbers ?? new Set();
    let nextUpdateMs: number | undefined;
    for (const der of listsOf(content, path)) {
      let list: RevocationList | undefined;
      try {
        list = await readList(der, authorities, { setOf, giveWay, passesOverOthers });
      } catch (error) {
        // The library reads a list's parts when it is asked for them, and throws whatever it stumbles over.
        throw refuse(wordsOf(error));
      }
      if (list === undefined) continue;
      const other = revoked.get(list.issuerKey);
      // As new as the newest of one authority. What they have taken back is one set already.
      if (other === undefined || problemOfAge(list, other) === undefined) revoked.set(list.issuerKey, list);
      nextUpdateMs = Math.min(nextUpdateMs ?? list.nextUpdateMs, list.nextUpdateMs);
    }
    return new Revocations(revoked, nextUpdateMs);
  }
}

function namesOf({ subject }: X509Certificate): string {
  return subject.replaceAll('\n', ', ');
}

async function problemOfSuccessor(next: Revoked, old: Revoked, giveWay: GiveWay): Promise<string | undefined> {
  const problem = problemOfAge(next, old);
  if (problem !== undefined) return problem;
  // A newer one leaves out what has expired (RFC 5280 §3.3).
  if (next.number !== old.number) return undefined;
  if (next.number === undefined && next.thisUpdateMs !== old.thisUpdateMs) return undefined;
  for (const serialNumber of old.serialNumbers) {
    await giveWay();
    if (!next.serialNumbers.has(serialNumber))
      return 'revokes less than another of the same number, or of the same date where there are none';
  }
  return undefined;
}

/** The number tells (RFC 5280 §5.2.3), and the date where there are none: clocks are put right, numbers never fall. */
function problemOfAge(next: Revoked, old: Revoked): string | undefined {
  if (next.number !== undefined && old.number !== undefined && next.number !== old.number)
    return next.number > old.number ? undefined : `has the number ${next.number} and comes after ${old.number}`;
  if (next.thisUpdateMs >= old.thisUpdateMs) return undefined;
  const [nextDate, oldDate] = [next, old].map(({ thisUpdateMs }) => new Date(thisUpdateMs).toISOString());
  return `is of ${nextDate} and comes after that of ${oldDate}`;
}

interface RevocationList extends Revoked {
  readonly issuerKey: string;
  readonly serialNumbers: Set<string>;
  readonly nextUpdateMs: number;
}

/** The extension that holds a revocation list's number. */
export const revocationListNumber = '2.5.29.20';

/**
 * The number of a list: 20 bytes at most, never below 0 (RFC 5280 §5.2.3).
 *
 * @returns `undefined` where it has none
 * @throws Error when it is no number
 */
export function numberOfList(list: X509Crl): bigint | undefined {
  const extension = list.getExtension(revocationListNumber);
  if (extension === null) return undefined;
  const der = Buffer.from(extension.value);
  const value = der.subarray(2);
  if (der[0] !== 2 || value.length !== der[1] || value.length < 1 || value.length > 20 || value[0]! >= 0x80)
    throw new Error('the number of the list is no integer of 20 bytes at most');
  return BigInt(`0x${value.toString('hex')}`);
}

/** A delta list, and a list's issuing distribution point: critical by RFC 5280 §5.2.4 and §5.2.5, but not every tool says so. */
const partialLists: ReadonlySet<string> = new Set(['2.5.29.27', '2.5.29.28']);

/**
 * @param setOf to which what an authority has taken back is added
 * @returns `undefined` for one that is passed over
 * @throws whatever the library stumbles over
 */
async function readList(
  der: Buffer,
  authorities: readonly X509Certificate[],
  { setOf, giveWay, passesOverOthers }: ReadingLists & { readonly setOf: (issuerKey: string) => Set<string> },
): Promise<RevocationList | undefined> {
  const list = takeApart(der);
  const { head } = list;
  const issuer = await signerOf(list, authorities);
  if (issuer === undefined && passesOverOthers) return undefined;
  if (issuer === undefined) throw new Error(`the list of ${head.issuer} is signed by none of the authorities`);
  // A list of only some certificates, or of another authority's: heeding half of it would be worse than saying so.
  const incomplete = head.extensions.find(({ critical, type }) => critical || partialLists.has(type));
  if (incomplete !== undefined)
    throw new Error(`a list has the extension ${incomplete.type}: a complete one is needed`);
  // Nobody could tell when newer ones do not come any more.
  if (head.nextUpdate === undefined)
    throw new Error(`the list of ${head.issuer} does not say when the next one is due (RFC 5280 §5.1.2.5)`);
  const issuerKey = keyDigest(issuer);
  const serialNumbers = setOf(issuerKey);
  for (const { serialNumber } of entriesOf(list)) {
    await giveWay();
    serialNumbers.add(serialNumber);
  }
  return {
    issuer: head.issuer,
    issuerKey,
    number: numberOfList(head),
    thisUpdateMs: head.thisUpdate.getTime(),
    serialNumbers,
    nextUpdateMs: head.nextUpdate.getTime(),
  };
}
