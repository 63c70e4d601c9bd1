import { createHash, type X509Certificate } from 'node:crypto';
import { AuthError, wordsOf } from '../errors.js';
import { PublicKey, X509Crl } from '../x509.js';
import { pemBlocks, requireAllEnded } from './pem.js';

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

export function normalSerialNumber(hexadecimal: string): string {
  return hexadecimal.toUpperCase().replace(/^0+(?=.)/, '');
}

/** Certificates that their authorities have taken back. It never changes. */
export class Revocations {
  static readonly none: Revocations = new Revocations(new Set(), undefined);
  /** When the first of the lists should have been replaced by a newer one, in ms since 1970; it is heeded all the same. */
  readonly nextUpdateMs: number | undefined;
  readonly #revoked: ReadonlySet<string>;

  private constructor(revoked: ReadonlySet<string>, nextUpdateMs: number | undefined) {
    this.#revoked = revoked;
    this.nextUpdateMs = nextUpdateMs;
  }

  get size(): number {
    return this.#revoked.size;
  }

  has({ issuerKey, serialNumber }: CertificateName): boolean {
    return issuerKey !== undefined && this.#revoked.has(`${issuerKey}:${serialNumber}`);
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
    crypto: WebCrypto,
  ): Promise<Revocations> {
    const refuse = (why: string): AuthError => new AuthError('certificates', `${path}: ${why}`, { path });
    const revoked = new Set<string>();
    let nextUpdateMs: number | undefined;
    const lists = listsOf(content, path);
    if (lists.length === 0)
      throw refuse('there is no revocation list: expected PEM, "-----BEGIN X509 CRL-----", or DER');
    for (const der of lists) {
      let list: RevocationList;
      try {
        list = await readList(der, authorities, crypto);
      } catch (error) {
        // The library reads a list's parts when it is asked for them, and throws whatever it stumbles over.
        throw refuse(wordsOf(error));
      }
      for (const serialNumber of list.serialNumbers) revoked.add(`${list.issuerKey}:${serialNumber}`);
      nextUpdateMs = Math.min(nextUpdateMs ?? list.nextUpdateMs, list.nextUpdateMs);
    }
    return new Revocations(revoked, nextUpdateMs);
  }
}

/** WebCrypto, as `globalThis.crypto` of Node and of browsers is it. */
export type WebCrypto = import('node:crypto').webcrypto.Crypto;

function listsOf(content: Buffer, path: string): Buffer[] {
  // DER begins with a sequence; PEM does not.
  if (content[0] === 0x30) return [content];
  const text = content.toString('latin1');
  const lists = pemBlocks(text, 'X509 CRL');
  requireAllEnded(text, lists.length, 'X509 CRL', path);
  return lists;
}

interface RevocationList {
  readonly issuerKey: string;
  readonly serialNumbers: readonly string[];
  readonly nextUpdateMs: number;
}

async function readList(
  der: Buffer,
  authorities: readonly X509Certificate[],
  crypto: WebCrypto,
): Promise<RevocationList> {
  const list = new X509Crl(der);
  const critical = list.extensions.find((extension) => extension.critical);
  // A list of only some certificates, or of another authority's: heeding half of it would be worse than saying so.
  if (critical !== undefined)
    throw new Error(`a list has the critical extension ${critical.type}: a complete one is needed`);
  // The library finds nobody revoked in such a list, whatever it says.
  if (list.nextUpdate === undefined)
    throw new Error(`the list of ${list.issuer} does not say when the next one is due (RFC 5280 §5.1.2.5)`);
  const issuer = await issuerOf(list, authorities, crypto);
  if (issuer === undefined) throw new Error(`the list of ${list.issuer} is signed by none of the authorities`);
  return {
    issuerKey: keyDigest(issuer),
    serialNumbers: list.entries.map(({ serialNumber }) => normalSerialNumber(serialNumber)),
    nextUpdateMs: list.nextUpdate.getTime(),
  };
}

async function issuerOf(
  list: X509Crl,
  authorities: readonly X509Certificate[],
  crypto: WebCrypto,
): Promise<X509Certificate | undefined> {
  for (const authority of authorities) {
    const publicKey = authority.publicKey.export({ type: 'spki', format: 'der' });
    const isSigner = await list.verify({ publicKey: new PublicKey(publicKey) }, crypto).catch(() => false);
    if (isSigner) return authority;
  }
  return undefined;
}
