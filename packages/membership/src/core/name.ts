import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/** Bytes of a member's name, at most. */
export const nameBytesMax = 64;

const namePattern = /^[\w.:@-]{1,64}$/;

/** Whether `name` can be a member's: 1 to 64 of the letters A to Z and a to z, digits, and `_ . : @ -`. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && namePattern.test(name);
}

export function writeName(writer: ByteWriter, name: string): void {
  writer.u8(name.length).latin1(name);
}

export function readName(reader: ByteReader): string {
  const name = reader.latin1(reader.u8());
  if (!isName(name)) reader.isBroken = true;
  return name;
}
