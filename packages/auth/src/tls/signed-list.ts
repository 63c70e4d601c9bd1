import { constants, verify, type X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { type DerElement, derElement, derElements, derOf, derTags, derUnsigned } from '../der.js';
import { X509Crl } from '../x509.js';

/** One certificate that was taken back. */
export interface ListEntry {
  /** See {@link normalSerialNumber}. */
  readonly serialNumber: string;
  /** As it is in the list. */
  readonly der: Buffer;
}

/**
 * A revocation list (RFC 5280 §5.1), taken apart. Its entries are read by ourselves, and all else by the library, from a copy of the list that has none:
 * the library takes 50 µs for each entry and cannot be interrupted, which for a few thousand of them would stop a server.
 */
export interface SignedList {
  /** The list without its entries: whose signature is wrong. */
  readonly head: X509Crl;
  /** The entries, one behind the other. */
  readonly entries: Buffer;
  /** What is signed, byte for byte, and how. */
  readonly signed: Buffer;
  readonly signature: Buffer;
}

export function normalSerialNumber(hexadecimal: string): string {
  return hexadecimal.toUpperCase().replace(/^0+(?=.)/, '');
}

/** @throws Error, or whatever the library throws, where it is no revocation list */
export function takeApart(der: Buffer): SignedList {
  const [signed, algorithm, signature, other] = derElements(derElement(der, derTags.sequence).content);
  if (signed === undefined || algorithm === undefined || signature?.tag !== derTags.bitString || other !== undefined)
    throw new Error('expected a list, how it is signed, and its signature');
  // The first byte counts bits that are not used: a signature has none.
  if (signature.content[0] !== 0) throw new Error('its signature does not end with a byte');
  const { before, entries, behind } = partsOf(derElement(signed.whole, derTags.sequence).content);
  const headOfSigned = derOf(derTags.sequence, ...before, ...behind);
  const head = new X509Crl(derOf(derTags.sequence, headOfSigned, algorithm.whole, signature.whole));
  const algorithmOfSigned = before.find(([tag]) => tag === derTags.sequence);
  if (!algorithmOfSigned?.equals(algorithm.whole))
    throw new Error('it names two ways in which it is signed (RFC 5280 §5.1.1.2)');
  return { head, entries, signed: signed.whole, signature: signature.content.subarray(1) };
}

/** The same list with these entries, as it is to be signed. */
export function withEntries({ signed }: SignedList, entries: readonly ListEntry[]): Buffer {
  const { before, behind } = partsOf(derElement(signed, derTags.sequence).content);
  // Where there are none, the sequence itself is missing (RFC 5280 §5.1.2.6).
  const all = entries.length === 0 ? [] : [derOf(derTags.sequence, Buffer.concat(entries.map(({ der }) => der)))];
  return derOf(derTags.sequence, ...before, ...all, ...behind);
}

/** Signed anew. @param signature as DER has it */
export function joinSignature({ head }: SignedList, signed: Buffer, signature: Buffer): Buffer {
  const [, algorithm] = derElements(derElement(Buffer.from(head.rawData), derTags.sequence).content);
  return derOf(derTags.sequence, signed, algorithm!.whole, derOf(derTags.bitString, Buffer.of(0), signature));
}

/** @throws Error at an entry that is none */
export function* entriesOf({ entries }: Pick<SignedList, 'entries'>): Generator<ListEntry, void> {
  for (const { tag, content, whole } of derElements(entries)) {
    const [serial] = derElements(content);
    if (tag !== derTags.sequence || serial?.tag !== derTags.integer || serial.content.length === 0)
      throw new Error('an entry of the list has no serial number');
    yield { serialNumber: normalSerialNumber(serial.content.toString('hex')), der: whole };
  }
}

/** An entry for a certificate that is taken back now. */
export function entryOf(serialNumber: string, atMs: number): ListEntry {
  const bytes = Buffer.from(serialNumber.padStart(serialNumber.length + (serialNumber.length % 2), '0'), 'hex');
  return {
    serialNumber: normalSerialNumber(serialNumber),
    der: derOf(derTags.sequence, derUnsigned(bytes), timeOf(atMs)),
  };
}

/** To the second, in two digits of the year until 2049 and in four from then on (RFC 5280 §5.1.2.6). */
function timeOf(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/\.\d+|[-:T]/g, '');
  return digits < '2050'
    ? derOf(derTags.utcTime, Buffer.from(digits.slice(2)))
    : derOf(derTags.generalizedTime, Buffer.from(digits));
}

const verifySignature = promisify(verify);

/**
 * Which of these authorities has signed a list, by OpenSSL and not on the main thread.
 *
 * @throws Error when it is signed in a way that is not to be relied on
 */
export async function signerOf(
  { head, signed, signature }: SignedList,
  authorities: readonly X509Certificate[],
): Promise<X509Certificate | undefined> {
  const { name, hash, saltLength } = head.signatureAlgorithm as SignatureAlgorithm;
  const keyTypes = keyTypesOf[name];
  // Edwards curves have theirs built in.
  const digest = keyTypes === edwards ? null : digestOf[hash?.name ?? ''];
  if (keyTypes === undefined || digest === undefined) {
    const found = [name, hash?.name].join(' ').trim();
    throw new Error(`it is signed by ${found}: expected ECDSA or RSA with SHA-256 or longer, or Ed25519`);
  }
  for (const authority of authorities) {
    const key = authority.publicKey;
    if (!keyTypes.includes(key.asymmetricKeyType!)) continue;
    const options = name === 'RSA-PSS' ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : { key };
    // Whatever OpenSSL finds to be no signature at all is none of this authority's.
    if (await verifySignature(digest, signed, options, signature).catch(() => false)) return authority;
  }
  return undefined;
}

/** As the library names them, after WebCrypto. */
interface SignatureAlgorithm {
  readonly name: string;
  readonly hash?: { readonly name: string };
  readonly saltLength?: number;
}

type KeyTypes = readonly NonNullable<X509Certificate['publicKey']['asymmetricKeyType']>[];

const edwards: KeyTypes = ['ed25519', 'ed448'];
const keyTypesOf: Readonly<Record<string, KeyTypes>> = {
  ECDSA: ['ec'],
  'RSASSA-PKCS1-v1_5': ['rsa'],
  'RSA-PSS': ['rsa', 'rsa-pss'],
  Ed25519: edwards,
  EdDSA: edwards,
};

/** SHA-1 is not among them: TLS takes no certificate that is signed by it, either. */
const digestOf: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

interface Parts {
  /** What comes before the entries, element by element, and what behind. */
  readonly before: readonly Buffer[];
  readonly entries: Buffer;
  readonly behind: readonly Buffer[];
}

/** Version, algorithm, issuer, two dates, entries, extensions. */
const partsMax = 7;

/** Behind the last date come the entries, if there are any, and then the extensions. */
function partsOf(signedContent: Buffer): Parts {
  const all: DerElement[] = [];
  for (const element of derElements(signedContent)) {
    if (all.push(element) > partsMax) throw new Error(`it has more than ${partsMax} parts`);
  }
  const at = all.findLastIndex(({ tag }) => tag === derTags.utcTime || tag === derTags.generalizedTime) + 1;
  const entries = all[at]?.tag === derTags.sequence ? all[at] : undefined;
  const wholes = all.map(({ whole }) => whole);
  return {
    before: wholes.slice(0, at),
    entries: entries?.content ?? Buffer.alloc(0),
    behind: wholes.slice(entries === undefined ? at : at + 1),
  };
}
