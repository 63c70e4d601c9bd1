/** One element of DER (X.690 §8 and §10), as it lies in what it was read from: no byte is copied. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

export const derTags = {
  integer: 0x02,
  bitString: 0x03,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** The longest length takes so many bytes: 4 GiB. */
const lengthBytesMax = 4;

/**
 * The elements that lie one behind the other.
 *
 * @throws Error where one is cut short, or its length is not written as DER has it: in the one shortest way
 */
export function* derElements(der: Buffer): Generator<DerElement, void> {
  for (let at = 0; at < der.length; ) {
    const element = elementAt(der, at);
    yield element;
    at += element.whole.length;
  }
}

/**
 * How many bytes a sequence has in all that begins so, by what it says itself. No text begins like one of 128 bytes or more, as every signed one is: its second
 * byte is no character's first in UTF-8.
 *
 * @returns `undefined` where no such sequence begins
 */
export function derSequenceBytes(head: Buffer): number | undefined {
  const bytes = (head[1] ?? 0) - 0x80;
  if (head[0] !== derTags.sequence || bytes < 1 || bytes > lengthBytesMax || head.length < 2 + bytes) return undefined;
  return 2 + bytes + head.readUIntBE(2, bytes);
}

/** The one element that all of `der` is. @throws Error where it is another one, or not alone, or none */
export function derElement(der: Buffer, tag: number): DerElement {
  if (der.length === 0) throw new Error('there is nothing');
  const element = elementAt(der, 0);
  if (element.tag !== tag) throw new Error(`expected DER of the type ${tag}, found ${element.tag}`);
  const rest = der.length - element.whole.length;
  if (rest > 0) throw new Error(`${rest} bytes follow the end`);
  return element;
}

function elementAt(der: Buffer, at: number): DerElement {
  const cut = (): Error => new Error('it was cut short');
  const tag = der[at]!;
  if ((tag & 0x1f) === 0x1f) throw new Error('it has a type of more than one byte');
  let length = der[at + 1];
  let begin = at + 2;
  if (length === undefined) throw cut();
  if (length >= 0x80) {
    const bytes = length - 0x80;
    if (bytes === 0 || bytes > lengthBytesMax) throw new Error('it has a length that is not of DER');
    if (begin + bytes > der.length) throw cut();
    length = der.readUIntBE(begin, bytes);
    if (length < 0x80 || der[begin] === 0) throw new Error('it has a length that is not of DER');
    begin += bytes;
  }
  const end = begin + length;
  if (end > der.length) throw cut();
  return { tag, content: der.subarray(begin, end), whole: der.subarray(at, end) };
}

/** Writes an element whose content is these, one behind the other. */
export function derOf(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), ...contents]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 + bytes.length), bytes, ...contents]);
}

/** Writes a number of 0 or more, the first byte of which is the highest. */
export function derUnsigned(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(first === -1 ? bytes.length : first);
  // An integer whose first bit is set would be negative, and one without any bytes is none.
  return derOf(derTags.integer, ...(digits.length > 0 && digits[0]! < 0x80 ? [] : [Buffer.of(0)]), digits);
}
