import type { X509Certificate } from 'node:crypto';
import { AuthError } from '../errors.js';
import { type Credentials, expiryMs } from './credential-files.js';
import { keyDigest, normalSerialNumber } from './revocations.js';

/** One certificate between a peer and an authority, as far as it must be watched. */
interface Link {
  readonly serialNumber: string;
  readonly key: string;
  /** Of whoever has signed it, if that is known. */
  readonly issuerKey: string | undefined;
  readonly expiresMs: number;
}

/** Certificates that a peer may present. Real chains have three. */
const presentedMax = 10;

/** Whoever is at the other end of one connection, by their certificates. */
export class Peer {
  /** As people call it, for the audit: never to decide anything. */
  readonly name: string;
  readonly serialNumber: string;
  readonly #links: readonly Link[];

  /**
   * @param presented what TLS was shown, the peer's own first. A peer can add whatever it likes, such as one that only bears an
   * authority's name, to be taken for another authority's: so none counts but by a signature.
   * @param authorities those by which TLS has verified the first one
   * @throws AuthError `certificates` for more than ten, and for a serial number below 0 (RFC 5280 §4.1.2.2)
   */
  constructor(presented: readonly X509Certificate[], authorities: readonly X509Certificate[]) {
    const [leaf] = presented as [X509Certificate];
    if (presented.length > presentedMax) {
      throw new AuthError(
        'certificates',
        `${presented.length} certificates were presented, and ${presentedMax} is the most`,
      );
    }
    this.name = leaf.subject?.replaceAll('\n', ', ') ?? '';
    this.serialNumber = normalSerialNumber(leaf.serialNumber);
    this.#links = linksOf(leaf, [...presented, ...authorities]);
  }

  /** Why this peer may not stay connected, or `undefined` where it may. TLS asks this once, at the handshake: we go on asking. */
  problem({ authorityKeys, revocations }: Credentials, nowMs: number): string | undefined {
    if (this.#links.some((link) => revocations.has(link))) return 'its certificate was revoked';
    if (this.#links.some(({ expiresMs }) => expiresMs < nowMs)) return 'its certificate has expired';
    const isTrusted = this.#links.some(({ key }) => authorityKeys.has(key));
    return isTrusted ? undefined : 'its authority is not accepted any more';
  }
}

/** A certificate, those that have signed it, and so on. */
function linksOf(leaf: X509Certificate, candidates: readonly X509Certificate[]): Link[] {
  const links: Link[] = [];
  // Whatever is added while it is walked is walked, too.
  const reached = new Set([leaf]);
  for (const certificate of reached) {
    // All of them: another certificate with the issuer's key must not hide the one that was revoked.
    const issuers = candidates.filter((other) => certificate.checkIssued(other) && certificate.verify(other.publicKey));
    for (const issuer of issuers) reached.add(issuer);
    const serialNumber = normalSerialNumber(certificate.serialNumber);
    // How revocation lists write it differs from tool to tool, so that it could never be found in one.
    if (serialNumber.startsWith('-'))
      throw new AuthError('certificates', `the serial number ${serialNumber} is below 0`);
    links.push({
      serialNumber,
      key: keyDigest(certificate),
      issuerKey: issuers[0] && keyDigest(issuers[0]),
      expiresMs: expiryMs(certificate),
    });
  }
  return links;
}
