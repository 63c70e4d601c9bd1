import type { Buffer } from 'node:buffer';

/*
 * Whole numbers from 0 to 2^53−1: seven bits a byte, lowest first, the top bit saying that more follows.
 */

/** The most bytes that a number takes. */
export const varintBytesMax = 8;

/** @returns the position behind it */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let [position, rest] = [at, value];
  while (rest >= 0x80) {
    bytes[position++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[position++] = rest;
  return position;
}

/** Reads one behind the other. */
export class VarintReader {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** @throws RangeError at the end */
  read(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new RangeError(`the bytes end within a number, at ${this.#bytes.length}`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}
