import { webcrypto } from 'node:crypto';
import { importKey, makeKeys } from '../src/pki/keys.js';
import { pemOf } from '../src/tls/pem.js';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  Name,
  SubjectAlternativeNameExtension,
  X509Certificate,
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

/** Who signs: an authority's certificate and key. */
export interface Signer {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const keys = await makeKeys(webcrypto);

/** A certificate that says whatever it is told to, signed by itself: no tool of ours, and few of others, would issue it. */
export async function forge(forgery: Forgery): Promise<Buffer> {
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { ...fieldsOf(forgery), name: nameOf(forgery), keys: keys.pair },
    webcrypto,
  );
  return Buffer.from(certificate.rawData);
}

/** The same, signed by an authority: TLS accepts it. */
export async function forgeBy({ certificatePem, keyPem }: Signer, forgery: Forgery) {
  const own = await makeKeys(webcrypto);
  const certificate = await X509CertificateGenerator.create(
    {
      ...fieldsOf(forgery),
      subject: nameOf(forgery),
      issuer: new X509Certificate(certificatePem).subjectName,
      publicKey: own.publicKey,
      signingKey: await importKey(keyPem, webcrypto),
    },
    webcrypto,
  );
  const der = await webcrypto.subtle.exportKey('pkcs8', own.pair.privateKey);
  return { certificatePem: pemOf('CERTIFICATE', certificate.rawData), keyPem: pemOf('PRIVATE KEY', der) };
}

function nameOf({ commonNames = [] }: Forgery): Name {
  return new Name(commonNames.map((utf8String) => ({ CN: [{ utf8String }] })));
}

function fieldsOf({ uris = [], usages = [clientAuth], isAuthority, extensions = [] }: Forgery) {
  return {
    serialNumber: '01',
    notBefore: new Date(Date.UTC(2024, 0, 1)),
    notAfter: new Date(Date.UTC(2034, 0, 1)),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      ...(usages.length === 0 ? [] : [new ExtendedKeyUsageExtension([...usages])]),
      ...(uris.length === 0
        ? []
        : [new SubjectAlternativeNameExtension(uris.map((value) => ({ type: 'url', value })))]),
      ...(isAuthority === undefined ? [] : [new BasicConstraintsExtension(isAuthority)]),
      ...extensions,
    ],
  };
}
