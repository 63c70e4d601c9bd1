import { derOf, derTags, derUnsigned } from '../der.js';
import { pemOf, pemParts } from '../tls/pem.js';
import { PublicKey } from '../x509.js';

/** WebCrypto, as `globalThis.crypto` of Node and of browsers is it. */
export type WebCrypto = import('node:crypto').webcrypto.Crypto;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** How authorities sign. */
export const signature = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Signs so, and writes the two numbers of the signature as X.509 has them (RFC 3279 §2.2.3), which WebCrypto has one behind the other. */
export async function sign(key: PrivateKey, data: Uint8Array, crypto: WebCrypto): Promise<Buffer> {
  const both = Buffer.from(await crypto.subtle.sign(signature, key, data));
  const half = both.length / 2;
  return derOf(derTags.sequence, derUnsigned(both.subarray(0, half)), derUnsigned(both.subarray(half)));
}

export type PrivateKey = import('node:crypto').webcrypto.CryptoKey;

export interface Keys {
  readonly pair: { readonly privateKey: PrivateKey; readonly publicKey: PrivateKey };
  readonly publicKey: PublicKey;
}

/** A new key pair, P-256. */
export async function makeKeys(crypto: WebCrypto): Promise<Keys> {
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return { pair, publicKey: await PublicKey.create(pair.publicKey, crypto) };
}

/** A private key as PEM, PKCS #8, which every tool reads. */
export async function exportKey(key: PrivateKey, crypto: WebCrypto): Promise<string> {
  return pemOf('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', key));
}

/** @throws Error when it is not such a key */
export function importKey(pem: string, crypto: WebCrypto): Promise<PrivateKey> {
  const [der] = pemParts(pem, 'PRIVATE KEY').blocks;
  if (der === undefined) throw new Error('expected a key in PEM, "-----BEGIN PRIVATE KEY-----"');
  return crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}
