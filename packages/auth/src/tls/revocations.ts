import { createHash, type X509Certificate } from 'node:crypto';
import { AuthError, wordsOf } from '../errors.js';
import type { GiveWay } from '../give-way.js';
import type { X509Crl } from '../x509.js';
import { listsOf } from './list-file.js';
import { scopeOf } from './list-scope.js';
import { type Revoked, succeed } from './revoked.js';
import { entriesOf, signerOf, takeApart } from './signed-list.js';

/** What names one certificate for good: the key that signed it, and the serial number that its holder gave it. */
export interface CertificateName {
  /** See {@link keyDigest}. */
  readonly issuerKey: string;
  /** Hexadecimal, in capitals, without leading zeros. */
  readonly serialNumber: string;
}

/** A public key's SHA-256: authorities are told apart by their keys, since names can be written in more than one way. */
export function keyDigest(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** How lists are read. */
export interface ReadingLists {
  /** Called between entries: a list may have hundreds of thousands. */
  readonly giveWay: GiveWay;
  /** Whether lists that none of the authorities has signed are passed over, and no error. */
  readonly passesOverOthers: boolean;
}

/** What is heeded after new lists were read, and for each list that is not there any more, or not newer, what to say about it. */
export interface Joined {
  readonly revocations: Revocations;
  readonly warnings: readonly string[];
}

/** The most lists that are heeded: as many as one file may have, and as many again that are not in it any more. */
const heldListsMax = 200;

/** The most that they may take, in bytes of memory, roughly: at least two files full of our authority's certificates. */
const heldBytesMax = 64 * 1024 * 1024;

/** Certificates that their authorities have taken back. It never changes. */
export class Revocations {
  static readonly none: Revocations = new Revocations([]);
  /** For each authority and scope there is one. */
  readonly #lists: readonly Revoked[];
  readonly #serialNumbersOf: ReadonlyMap<string, readonly ReadonlySet<string>[]>;

  private constructor(lists: Iterable<Revoked>) {
    this.#lists = [...lists];
    const serialNumbersOf = new Map<string, ReadonlySet<string>[]>();
    for (const { issuerKey, serialNumbers } of this.#lists)
      serialNumbersOf.set(issuerKey, [...(serialNumbersOf.get(issuerKey) ?? []), serialNumbers]);
    this.#serialNumbersOf = serialNumbersOf;
  }

  /** Whether there is no list at all: one that revokes nobody is one. */
  get isEmpty(): boolean {
    return this.#lists.length === 0;
  }

  /** How many certificates are revoked. */
  get size(): number {
    return this.#lists.reduce((sum, { serialNumbers }) => sum + serialNumbers.size, 0);
  }

  has({ issuerKey, serialNumber }: CertificateName): boolean {
    return this.#serialNumbersOf.get(issuerKey)?.some((serialNumbers) => serialNumbers.has(serialNumber)) ?? false;
  }

  /**
   * When the first of the lists should have been replaced by a newer one, in ms since 1970; it is heeded all the same.
   *
   * @param accepted whose lists are asked about, by {@link keyDigest}: nobody renews that of an authority which is retired
   */
  nextUpdateMs(accepted: { readonly has: (issuerKey: string) => boolean }): number | undefined {
    const due = this.#lists.filter(({ issuerKey }) => accepted.has(issuerKey)).map(({ nextUpdateMs }) => nextUpdateMs);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /**
   * What is heeded when these come after others: of each authority the newer list, whatever there is of the others. One that is lost, or older than the one held, lets
   * in nobody who was revoked: the one held is heeded on, also that of an authority which is not accepted any more, since it may come back, or another may vouch for it.
   *
   * @param giveWay called between entries
   * @throws Error when more would be held than may be
   */
  async after(held: Revocations, giveWay: GiveWay = () => undefined): Promise<Joined> {
    const joined = new Map(this.#lists.map((list) => [keyOf(list), list]));
    const warnings: string[] = [];
    for (const old of held.#lists) {
      const key = keyOf(old);
      const next = joined.get(key);
      const { holds, warning } =
        next === undefined ? { holds: old, warning: lost(old) } : await succeed(old, next, giveWay);
      joined.set(key, holds);
      if (warning !== undefined) warnings.push(warning);
    }
    const revocations = new Revocations(joined.values());
    await revocations.#requireBounded(giveWay);
    return { revocations, warnings };
  }

  async #requireBounded(giveWay: GiveWay): Promise<void> {
    let bytes = 0;
    for (const { serialNumbers } of this.#lists) {
      for (const serialNumber of serialNumbers) {
        await giveWay();
        bytes += serialNumber.length + serialNumberBytes;
      }
    }
    if (this.#lists.length <= heldListsMax && bytes <= heldBytesMax) return;
    throw new Error(
      `with those that were read before there would be ${this.#lists.length} lists of ${bytes} bytes, and ${heldListsMax} of ${heldBytesMax} bytes at most are held: start anew, so that only what is in the file counts`,
    );
  }

  /**
   * Reads revocation lists (RFC 5280 §5). Each must be signed by one of the authorities. Where there are several of one authority and scope, the newest counts.
   *
   * @throws AuthError `certificates` when one is not, or says more than we understand
   */
  static async read(
    content: Buffer,
    path: string,
    authorities: readonly X509Certificate[],
    { giveWay = () => undefined, passesOverOthers = false }: Partial<ReadingLists> = {},
  ): Promise<Revocations> {
    const newest = new Map<string, Revoked>();
    for (const der of listsOf(content, path)) {
      try {
        const list = await readList(der, authorities, { giveWay, passesOverOthers });
        if (list === undefined) continue;
        const key = keyOf(list);
        const other = newest.get(key);
        newest.set(key, other === undefined ? list : (await succeed(other, list, giveWay)).holds);
      } catch (error) {
        // The library reads a list's parts when it is asked for them, and throws whatever it stumbles over.
        throw new AuthError('certificates', `${path}: ${wordsOf(error)}`, { path, cause: error });
      }
    }
    return new Revocations(newest.values());
  }
}

/** A string in a set, besides its characters. */
const serialNumberBytes = 32;

function keyOf({ issuerKey, scope }: Revoked): string {
  return `${issuerKey} ${scope}`;
}

function lost({ issuer, scope }: Revoked): string {
  const which = scope === '' ? '' : ' with the same issuing distribution point';
  return `there is no list of ${issuer}${which} any more: the one that was read before is heeded until the server starts anew, put one back`;
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

/**
 * @returns `undefined` for one that is passed over
 * @throws whatever the library stumbles over
 */
async function readList(
  der: Buffer,
  authorities: readonly X509Certificate[],
  { giveWay, passesOverOthers }: ReadingLists,
): Promise<Revoked | undefined> {
  const list = takeApart(der);
  const { head } = list;
  const issuer = await signerOf(list, authorities);
  if (issuer === undefined && passesOverOthers) return undefined;
  if (issuer === undefined)
    throw new Error(
      `the list of ${head.issuer} is signed by none of the authorities: add its authority to them, or take the list away`,
    );
  const scope = scopeOf(head);
  // Nobody could tell when newer ones do not come any more.
  if (head.nextUpdate === undefined)
    throw new Error(`the list of ${head.issuer} does not say when the next one is due (RFC 5280 §5.1.2.5)`);
  const serialNumbers = new Set<string>();
  for (const { serialNumber } of entriesOf(list)) {
    await giveWay();
    serialNumbers.add(serialNumber);
  }
  return {
    issuer: head.issuer,
    issuerKey: keyDigest(issuer),
    scope,
    number: numberOfList(head),
    thisUpdateMs: head.thisUpdate.getTime(),
    nextUpdateMs: head.nextUpdate.getTime(),
    serialNumbers,
  };
}
