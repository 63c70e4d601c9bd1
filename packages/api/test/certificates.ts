import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
/** Node's keys, which the library's types do not know by this name. */
type KeyPair = Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[0]['keys'];

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const validity = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2120-01-01T00:00:00Z') };

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** An authority for one test, as people would have one. */
export class TestCa {
  readonly pem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;
  #serial = 2;

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.pem = certificate.toString('pem');
  }

  static async create(): Promise<TestCa> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const extensions = [new x509.BasicConstraintsExtension(true, 0, true)];
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=test authority',
      signingAlgorithm: algorithm,
      keys: keys as unknown as KeyPair,
      extensions,
      ...validity,
    });
    return new TestCa(certificate, keys);
  }

  /** @param uri what a node has */
  async issue(commonName: string, uri?: string, notAfter: Date = validity.notAfter): Promise<Identity> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    return this.#issue(keys, commonName, uri, notAfter);
  }

  /** With a key that is too short for TLS. */
  async issueWeak(commonName: string): Promise<Identity> {
    const publicExponent = Uint8Array.of(1, 0, 1);
    const weak = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 512, publicExponent };
    return this.#issue(await webcrypto.subtle.generateKey(weak, true, ['sign', 'verify']), commonName);
  }

  async #issue(
    keys: webcrypto.CryptoKeyPair,
    commonName: string,
    uri?: string,
    notAfter: Date = validity.notAfter,
  ): Promise<Identity> {
    const names: x509.JsonGeneralNames = [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ];
    if (uri !== undefined) names.push({ type: 'url', value: uri });
    this.#serial += 1;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(2, '0'),
      issuer: this.#certificate.subject,
      subject: `CN=${commonName}`,
      signingAlgorithm: algorithm,
      signingKey: this.#keys.privateKey as unknown as KeyPair['privateKey'],
      publicKey: keys.publicKey as unknown as KeyPair['privateKey'],
      extensions: [new x509.SubjectAlternativeNameExtension(names)],
      ...validity,
      notAfter,
    });
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
    return { cert: certificate.toString('pem'), key };
  }
}
