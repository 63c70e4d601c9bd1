import { X509Certificate as OpenSslCertificate } from 'node:crypto';
import { AuthError, wordsOf } from './errors.js';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from './x509.js';

/** What a certificate says about its holder, read from its own bytes: a name that was made into text can be forged in the making. */
export interface Holder {
  readonly serialNumber: string;
  /** Every common name, in their order. */
  readonly commonNames: readonly string[];
  /** Every URI among the subject alternative names. */
  readonly uris: readonly string[];
  /** Object identifiers; none where the extension is missing. */
  readonly extendedKeyUsages: readonly string[];
  /** Whether it may sign other certificates. */
  readonly isAuthority: boolean;
}

/** Extended key usages (RFC 5280 §4.2.1.12): to be a server of TLS, and to be a client of one. */
export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * @param der the certificate's bytes
 * @throws AuthError `certificates` when they are none, or an extension is there twice (RFC 5280 §4.2)
 */
export function readHolder(der: Uint8Array): Holder {
  let certificate: X509Certificate;
  try {
    // The stricter of the two: of bytes that are no UTF-8, or of a name that is no text, the library makes some text.
    new OpenSslCertificate(der);
    certificate = new X509Certificate(der);
    const twice = certificate.extensions.find(
      ({ type }, at, all) => all.findIndex((other) => other.type === type) !== at,
    );
    if (twice !== undefined) throw new AuthError('certificates', `the extension ${twice.type} is there twice`);
    return {
      serialNumber: certificate.serialNumber,
      commonNames: certificate.subjectName.getField('CN'),
      uris: (certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [])
        .filter(({ type }) => type === 'url')
        .map(({ value }) => value),
      extendedKeyUsages: (certificate.getExtension(ExtendedKeyUsageExtension)?.usages ?? []).map(String),
      isAuthority: certificate.getExtension(BasicConstraintsExtension)?.ca ?? false,
    };
  } catch (error) {
    if (error instanceof AuthError) throw error;
    throw new AuthError('certificates', `not a certificate: ${wordsOf(error)}`, { cause: error });
  }
}
