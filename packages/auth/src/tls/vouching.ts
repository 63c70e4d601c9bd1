import type { X509Certificate } from 'node:crypto';

/** Of whom a way from issuer to issuer is made. */
export interface Vouching {
  /** All that a peer may show, as far as it is known. */
  readonly known: readonly X509Certificate[];
  readonly isAccepted: (authority: X509Certificate) => boolean;
  readonly isRevoked: (certificate: X509Certificate, issuer: X509Certificate) => boolean;
}

/**
 * Who of those that are accepted vouches for a certificate, by itself or through others: then a peer that shows it is let in, though it is not accepted itself.
 * Dates do not count, since it may be renewed.
 */
export function voucherOf(
  certificate: X509Certificate,
  { known, isAccepted, isRevoked }: Vouching,
): X509Certificate | undefined {
  // Whatever is added while it is walked is walked, too.
  const reached = new Set([certificate]);
  for (const each of reached) {
    for (const issuer of known) {
      if (!each.checkIssued(issuer) || !each.verify(issuer.publicKey) || isRevoked(each, issuer)) continue;
      if (isAccepted(issuer)) return issuer;
      reached.add(issuer);
    }
  }
  return undefined;
}
