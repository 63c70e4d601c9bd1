import { Buffer } from 'node:buffer';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { MembershipError } from './errors.js';

/** What a member says of itself: its role, its version, the port of a service. Numbers are doubles; text is UTF-8. */
export type Tags = Readonly<Record<string, string | number | boolean>>;

/** Bytes of all of a member's tags together, at most. Each takes its key, its value and 3 or 4 bytes more. */
export const tagBytesMax = 512;

const kinds = { text: 0, number: 1, false: 2, true: 3 } as const;

/**
 * Tags as bytes: the same tags always give the same ones, so that bytes can be compared.
 *
 * @throws MembershipError `ERR_MEMBERSHIP_TAGS` when they take more than 512 bytes, or a value is of another type
 */
export function encodeTags(tags: Tags): Uint8Array {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) {
    throw refused(`expected an object of strings, numbers and booleans, got ${JSON.stringify(tags)}`);
  }
  const writer = new ByteWriter();
  for (const key of Object.keys(tags).sort()) {
    const keyBytes = textBytes(key);
    if (keyBytes.length > 255)
      throw refused(`a key is at most 255 bytes, "${key.slice(0, 20)}…" is ${keyBytes.length}`);
    writer.u8(keyBytes.length).put(keyBytes);
    writeValue(writer, key, tags[key]!);
  }
  if (writer.length > tagBytesMax) {
    throw refused(`all tags together take at most ${tagBytesMax} bytes, these take ${writer.length}`);
  }
  return writer.bytes();
}

/** Tags in both forms. */
export interface DescribedTags {
  readonly tags: Tags;
  readonly tagBytes: Uint8Array;
}

/**
 * The caller's tags, in both forms and apart from the object it gave.
 *
 * @throws as `encodeTags` does
 */
export function describeTags(tags: Tags): DescribedTags {
  const tagBytes = encodeTags(tags);
  return { tags: decodeTags(tagBytes)!, tagBytes };
}

/** The tags in bytes that somebody sent, or undefined where they are none, or not in the one form that `encodeTags` gives. */
export function decodeTags(bytes: Uint8Array): Tags | undefined {
  const reader = new ByteReader(bytes);
  const entries: [string, string | number | boolean][] = [];
  let last: string | undefined;
  while (reader.left > 0 && !reader.isBroken) {
    const key = readText(reader, reader.u8());
    if (last !== undefined && key <= last) reader.isBroken = true;
    last = key;
    entries.push([key, readValue(reader)]);
  }
  return reader.isBroken ? undefined : Object.freeze(Object.fromEntries(entries));
}

function writeValue(writer: ByteWriter, key: string, value: unknown): void {
  if (typeof value === 'boolean') writer.u8(value ? kinds.true : kinds.false);
  else if (typeof value === 'number' && !Number.isNaN(value)) writer.u8(kinds.number).f64(value);
  else if (typeof value === 'string') {
    const bytes = textBytes(value);
    if (bytes.length > tagBytesMax)
      throw refused(`the value of "${key}" is ${bytes.length} bytes, too long for any tag`);
    writer.u8(kinds.text).u16(bytes.length).put(bytes);
  } else throw refused(`the value of "${key}" must be a string, a number or a boolean, got ${String(value)}`);
}

function textBytes(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.toString() !== text) throw refused(`${JSON.stringify(text.slice(0, 20))} has half a surrogate pair`);
  return bytes;
}

function readValue(reader: ByteReader): string | number | boolean {
  const kind = reader.u8();
  if (kind === kinds.text) return readText(reader, reader.u16());
  if (kind === kinds.number) {
    const value = reader.f64();
    if (Number.isNaN(value)) reader.isBroken = true;
    return value;
  }
  if (kind !== kinds.true && kind !== kinds.false) reader.isBroken = true;
  return kind === kinds.true;
}

function readText(reader: ByteReader, length: number): string {
  const bytes = Buffer.from(reader.take(length));
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) reader.isBroken = true;
  return text;
}

function refused(why: string): MembershipError {
  return new MembershipError('ERR_MEMBERSHIP_TAGS', `these tags cannot be told to others: ${why}`);
}
