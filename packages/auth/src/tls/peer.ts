import { X509Certificate } from 'node:crypto';
import { readHolder, serverAuth } from '../certificate.js';
import { AuthError } from '../errors.js';
import type { Credentials } from './credential-files.js';
import { keyDigest } from './revocations.js';
import { normalSerialNumber } from './signed-list.js';
import { isInDate, type Validity, validityOf } from './validity.js';

/** A certificate with those of its issuers, as Node's TLS hands it to `checkServerIdentity`. */
export interface PresentedChain {
  /** The certificate itself, DER. */
  readonly raw: Uint8Array;
  /** A root's is itself. */
  readonly issuerCertificate?: PresentedChain;
}

export function chainOf(certificate: PresentedChain): X509Certificate[] {
  const chain = new Set<PresentedChain>();
  let next: PresentedChain | undefined = certificate;
  for (; next !== undefined && !chain.has(next); next = next.issuerCertificate) chain.add(next);
  return [...chain].map(({ raw }) => new X509Certificate(raw));
}

/** One certificate between a peer and an authority, as far as it must be watched. */
interface Link {
  readonly serialNumber: string;
  readonly key: string;
  readonly validity: Validity;
  /** Whether its extended key usage lets it be, or vouch for, a server. */
  readonly isForServers: boolean;
  /** Those that have signed it, by one key, which they may write in several ways: itself among them, if it is a root. */
  readonly issuers: Link[];
}

/** Certificates that a peer may present. Real chains have three. */
const presentedMax = 10;

/** Whoever is at the other end of one connection, by their certificates. */
export class Peer {
  /** As people call it, for the audit: never to decide anything. */
  readonly name: string;
  readonly serialNumber: string;
  readonly #links: readonly Link[];
  readonly #isNode: boolean;

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
    this.#links = linksOf(leaf, vouchedFor(presented, authorities));
    this.#isNode = readHolder(leaf.raw).uris.some((uri) => /^spiffe:/i.test(uri));
  }

  /** Why this peer may not stay connected, or `undefined` where it may. TLS asks this once, at the handshake: we go on asking. */
  problem(
    { authorityValidities, revocations }: Pick<Credentials, 'authorityValidities' | 'revocations'>,
    nowMs: number,
  ): string | undefined {
    // Any of them: no other way to an authority makes good what was taken back.
    const isRevoked = ({ serialNumber, issuers }: Link): boolean =>
      issuers.some(({ key }) => revocations.has({ serialNumber, issuerKey: key }));
    if (this.#links.some(isRevoked)) return 'its certificate was revoked';
    const [leaf] = this.#links as [Link];
    const isAccepted = ({ key }: Link): boolean => authorityValidities.has(key);
    if (!leadsToRoot(leaf, isAccepted)) return 'its authority is not accepted any more';
    // TLS asks of those between whether they are for clients, if a client shows them. A node is a server, too: who may vouch for clients alone makes none.
    const mayVouch = (link: Link): boolean =>
      !this.#isNode || link === leaf || link.isForServers || link.issuers.includes(link);
    if (!leadsToRoot(leaf, isAccepted, mayVouch))
      return 'it calls itself a node, and an authority of its may vouch for clients alone (extended key usage)';
    const isSome = ({ key, validity }: Link, isSo: (validity: Validity) => boolean): boolean =>
      [validity, ...(authorityValidities.get(key) ?? [])].some(isSo);
    const isGood = (link: Link): boolean => isSome(link, (validity) => isInDate(validity, nowMs));
    if (leadsToRoot(leaf, isAccepted, (link) => mayVouch(link) && isGood(link))) return undefined;
    const isNotOver = (link: Link): boolean => isSome(link, ({ untilMs }) => nowMs <= untilMs);
    return leadsToRoot(leaf, isAccepted, (link) => mayVouch(link) && isNotOver(link))
      ? 'its certificate is not valid yet: is the clock right?'
      : 'its certificate has expired';
  }
}

/** Whether some way from a certificate, from issuer to issuer and by good ones alone, comes to an accepted root. */
function leadsToRoot(
  leaf: Link,
  isAccepted: (link: Link) => boolean,
  isGood: (link: Link) => boolean = () => true,
): boolean {
  // Whatever is added while it is walked is walked, too.
  const reached = new Set([leaf].filter(isGood));
  for (const link of reached) {
    if (link.issuers.includes(link) && isAccepted(link)) return true;
    for (const issuer of link.issuers) if (isGood(issuer)) reached.add(issuer);
  }
  return false;
}

/**
 * The authorities, and whatever was presented that they have signed, or one that they have signed, and so on. A peer makes the others itself, as it likes: with its
 * authority's key written in another way, with another key by which the same signature is good (ECDSA and RSA have such), or with one that takes long.
 */
function vouchedFor(
  presented: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): ReadonlySet<X509Certificate> {
  // Whatever is added while it is walked is walked, too.
  const vouched = new Set(authorities);
  for (const issuer of vouched)
    for (const each of presented) if (!vouched.has(each) && hasSigned(issuer, each)) vouched.add(each);
  return vouched;
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** A certificate, those that have signed it, and so on. */
function linksOf(leaf: X509Certificate, candidates: Iterable<X509Certificate>): Link[] {
  // Whatever is added while it is walked is walked, too.
  const links = new Map([[leaf, linkOf(leaf)]]);
  for (const [certificate, { issuers }] of links) {
    // All of them: another certificate with the issuer's key must not hide the one that was revoked.
    for (const other of candidates) {
      if (!hasSigned(other, certificate)) continue;
      const issuer = links.get(other) ?? linkOf(other);
      links.set(other, issuer);
      issuers.push(issuer);
    }
  }
  return [...links.values()];
}

/** @throws AuthError `certificates` */
function linkOf(certificate: X509Certificate): Link {
  const serialNumber = normalSerialNumber(certificate.serialNumber);
  // How revocation lists write it differs from tool to tool, so that it could never be found in one.
  if (serialNumber.startsWith('-')) throw new AuthError('certificates', `the serial number ${serialNumber} is below 0`);
  // Node calls the extended key usages so.
  const { keyUsage: usages } = certificate as { readonly keyUsage: readonly string[] | undefined };
  const isForServers = usages === undefined || usages.includes(serverAuth);
  return { serialNumber, key: keyDigest(certificate), validity: validityOf(certificate), isForServers, issuers: [] };
}
