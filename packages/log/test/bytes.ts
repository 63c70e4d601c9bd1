/** Bytes as a table of hexadecimal digits. */
export function hexBytes(table: string): Buffer {
  return Buffer.from(table.replaceAll(/\s/g, ''), 'hex');
}

/** Copies of some bytes, each with another of their bits inverted. */
export function* withOneBitFlipped(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const copy = Buffer.from(bytes);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    yield copy;
  }
}
