import { webcrypto } from 'node:crypto';
import { derElement, derElements, derOf, derTags } from '../src/der.js';
import { exportKey, importKey, makeKeys } from '../src/pki/keys.js';
import { pemOf } from '../src/tls/pem.js';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  Name,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '../src/x509.js';

export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const clientAuth = '1.3.6.1.5.5.7.3.2';

export interface Forgery {
  readonly commonNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly usages?: readonly string[];
  readonly isAuthority?: boolean;
  /** Hexadecimal; `01` unless told. */
  readonly serialNumber?: string;
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
  return {
    certificatePem: pemOf('CERTIFICATE', certificate.rawData),
    keyPem: await exportKey(own.pair.privateKey, webcrypto),
  };
}

/** An authority of any rank: signed by another one, or by itself. */
export async function forgeAuthority(
  name: string,
  by?: Signer,
  serialNumber = '01',
  usages: readonly string[] = [],
): Promise<Signer> {
  const own = await makeKeys(webcrypto);
  const subject = nameOf({ commonNames: [name] });
  const certificate = await X509CertificateGenerator.create(
    {
      ...fieldsOf({ usages, isAuthority: true, serialNumber }),
      subject,
      issuer: by === undefined ? subject : new X509Certificate(by.certificatePem).subjectName,
      publicKey: own.publicKey,
      signingKey: by === undefined ? own.pair.privateKey : await importKey(by.keyPem, webcrypto),
    },
    webcrypto,
  );
  return {
    certificatePem: pemOf('CERTIFICATE', certificate.rawData),
    keyPem: await exportKey(own.pair.privateKey, webcrypto),
  };
}

/** An authority's certificate anew, with the same name and key, good for these years: from January to January. */
export async function forgeTwin(
  { certificatePem, keyPem }: Signer,
  [from, until]: readonly [number, number],
  by: Signer = { certificatePem, keyPem },
): Promise<string> {
  const authority = new X509Certificate(certificatePem);
  const certificate = await X509CertificateGenerator.create(
    {
      ...fieldsOf({ usages: [], isAuthority: true, serialNumber: '77' }),
      subject: authority.subjectName,
      issuer: new X509Certificate(by.certificatePem).subjectName,
      publicKey: authority.publicKey,
      signingKey: await importKey(by.keyPem, webcrypto),
      notBefore: new Date(Date.UTC(from, 0, 1)),
      notAfter: new Date(Date.UTC(until, 0, 1)),
    },
    webcrypto,
  );
  return pemOf('CERTIFICATE', certificate.rawData);
}

/**
 * What bears an authority's name and key identifier, but not its key: whoever looks for an issuer by these finds it, and
 * takes the authority that it claims to be signed by for that one's.
 *
 * @param claims to be its issuer; nobody has signed it but itself
 */
export async function lookalikeOf(authorityPem: string, claims: string = authorityPem): Promise<string> {
  const own = await makeKeys(webcrypto);
  const [authority, issuer] = [authorityPem, claims].map((pem) => new X509Certificate(pem)) as [
    X509Certificate,
    X509Certificate,
  ];
  const identifier = authority.getExtension(SubjectKeyIdentifierExtension);
  const certificate = await X509CertificateGenerator.create(
    {
      ...fieldsOf({ usages: [], isAuthority: true }),
      serialNumber: '4242',
      subject: authority.subjectName,
      issuer: issuer.subjectName,
      publicKey: own.publicKey,
      signingKey: own.pair.privateKey,
      extensions: [
        new BasicConstraintsExtension(true),
        ...(identifier === null ? [] : [identifier]),
        issuerIdentifier(issuer),
      ],
    },
    webcrypto,
  );
  return pemOf('CERTIFICATE', certificate.rawData);
}

/** What bears an authority's name and its key, P-256, with the point on the curve written in its other form: anybody can make one. */
export async function respelledOf(authorityPem: string): Promise<string> {
  const own = await makeKeys(webcrypto);
  const { subjectName, publicKey } = new X509Certificate(authorityPem);
  const certificate = await X509CertificateGenerator.create(
    {
      ...fieldsOf({ usages: [], isAuthority: true, serialNumber: '4343' }),
      subject: subjectName,
      issuer: subjectName,
      publicKey: compressed(publicKey),
      signingKey: own.pair.privateKey,
    },
    webcrypto,
  );
  return pemOf('CERTIFICATE', certificate.rawData);
}

/** The same key with one coordinate of its point, and the sign of the other (SEC 1 §2.3.3). */
function compressed({ rawData }: PublicKey): PublicKey {
  const [algorithm] = derElements(derElement(Buffer.from(rawData), derTags.sequence).content);
  const [x, y] = [Buffer.from(rawData).subarray(-64, -32), Buffer.from(rawData).subarray(-32)];
  const point = Buffer.concat([Buffer.of(0, 2 + (y[31]! & 1)), x]);
  return new PublicKey(derOf(derTags.sequence, algorithm!.whole, derOf(derTags.bitString, point)));
}

/** Names an issuer by its name and serial number (RFC 5280 §4.2.1.1), so that nobody takes a certificate for its own issuer. */
function issuerIdentifier({ issuerName, serialNumber }: X509Certificate): Extension {
  const name = der(0xa1, der(0xa4, Buffer.from(issuerName.toArrayBuffer())));
  return new Extension(
    '2.5.29.35',
    false,
    der(0x30, Buffer.concat([name, der(0x82, Buffer.from(serialNumber, 'hex'))])),
  );
}

function der(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, content.length), content]);
}

/**
 * A revocation list.
 *
 * @param nextUpdate when the next one is due; `null` where it does not say
 * @param number what it has for its number, DER; missing where it has none
 */
export async function forgeList(
  { certificatePem, keyPem }: Signer,
  serialNumbers: readonly string[],
  nextUpdate: Date | null = new Date(Date.UTC(2034, 0, 1)),
  {
    number,
    thisUpdate = new Date(),
    hash = 'SHA-256',
    extensions = [],
  }: {
    readonly number?: Buffer;
    readonly thisUpdate?: Date;
    readonly hash?: string;
    readonly extensions?: readonly Extension[];
  } = {},
): Promise<Buffer> {
  const list = await X509CrlGenerator.create(
    {
      issuer: new X509Certificate(certificatePem).subjectName,
      signingKey: await importKey(keyPem, webcrypto),
      signingAlgorithm: { name: 'ECDSA', hash },
      thisUpdate,
      ...(nextUpdate && { nextUpdate }),
      extensions: [...(number === undefined ? [] : [new Extension('2.5.29.20', false, number)]), ...extensions],
      entries: serialNumbers.map((serialNumber) => ({ serialNumber, revocationDate: new Date(Date.UTC(2025, 0, 1)) })),
    },
    webcrypto,
  );
  return Buffer.from(list.rawData);
}

function nameOf({ commonNames = [] }: Forgery): Name {
  return new Name(commonNames.map((utf8String) => ({ CN: [{ utf8String }] })));
}

function fieldsOf({ uris = [], usages = [clientAuth], isAuthority, extensions = [], serialNumber = '01' }: Forgery) {
  return {
    serialNumber,
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
