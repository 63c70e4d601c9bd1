import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  Name,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '../src/x509.js';

export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const clientAuth = '1.3.6.1.5.5.7.3.2';

export interface Forgery {
  readonly commonNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly usages?: readonly string[];
  readonly isAuthority?: boolean;
  readonly extensions?: readonly Extension[];
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** A certificate that says whatever it is told to: no tool of ours, and few of others, would issue it. */
export async function forge({
  commonNames = [],
  uris = [],
  usages = [clientAuth],
  isAuthority,
  extensions = [],
}: Forgery): Promise<Buffer> {
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: new Name(commonNames.map((utf8String) => ({ CN: [{ utf8String }] }))),
      notBefore: new Date(Date.UTC(2024, 0, 1)),
      notAfter: new Date(Date.UTC(2034, 0, 1)),
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [
        ...(usages.length === 0 ? [] : [new ExtendedKeyUsageExtension([...usages])]),
        ...(uris.length === 0
          ? []
          : [new SubjectAlternativeNameExtension(uris.map((value) => ({ type: 'url', value })))]),
        ...(isAuthority === undefined ? [] : [new BasicConstraintsExtension(isAuthority)]),
        ...extensions,
      ],
    },
    webcrypto,
  );
  return Buffer.from(certificate.rawData);
}
