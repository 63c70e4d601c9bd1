import { X509Certificate } from 'node:crypto';
import { type Credentials, expiryMs } from './credential-files.js';
import { keyDigest, normalSerialNumber } from './revocations.js';

/** What `getPeerCertificate(true)` of `node:tls` returns: a certificate, and who issued it, up to one that issued itself. */
export interface PeerChain {
  readonly raw: Buffer;
  readonly issuerCertificate?: PeerChain;
}

/** One certificate of a peer's chain, as far as it must be watched. */
interface Link {
  readonly serialNumber: string;
  readonly key: string;
  readonly issuerKey: string;
  readonly expiresMs: number;
}

const chainLengthMax = 10;

/** Whoever is at the other end of one connection, by their certificates. */
export class Peer {
  /** As people call it, for the audit: never to decide anything. */
  readonly name: string;
  readonly serialNumber: string;
  readonly #links: readonly Link[];

  constructor(chain: PeerChain) {
    const certificates: X509Certificate[] = [];
    for (let at: PeerChain | undefined = chain; at !== undefined; ) {
      certificates.push(new X509Certificate(at.raw));
      const issuer: PeerChain | undefined = at.issuerCertificate;
      at = issuer === at || certificates.length === chainLengthMax ? undefined : issuer;
    }
    const [leaf] = certificates as [X509Certificate];
    this.name = leaf.subject?.replaceAll('\n', ', ') ?? '';
    this.serialNumber = normalSerialNumber(leaf.serialNumber);
    this.#links = certificates.map((certificate, at) => ({
      serialNumber: normalSerialNumber(certificate.serialNumber),
      key: keyDigest(certificate),
      issuerKey: keyDigest(certificates[at + 1] ?? certificate),
      expiresMs: expiryMs(certificate),
    }));
  }

  /** Why this peer may not stay connected, or `undefined` where it may. TLS asks this once, at the handshake: we go on asking. */
  problem({ authorityKeys, revocations }: Credentials, nowMs: number): string | undefined {
    if (this.#links.some((link) => revocations.has(link))) return 'its certificate was revoked';
    if (this.#links.some(({ expiresMs }) => expiresMs < nowMs)) return 'its certificate has expired';
    const isTrusted = this.#links.some(({ key, issuerKey }) => authorityKeys.has(key) || authorityKeys.has(issuerKey));
    return isTrusted ? undefined : 'its authority is not accepted any more';
  }
}
