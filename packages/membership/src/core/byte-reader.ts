import { Buffer } from 'node:buffer';

/**
 * Reads what came off the network. Never throws and never reads past the end: a read that does not fit gives zero and sets
 * `isBroken`, which whoever decodes looks at once, before using anything.
 */
export class ByteReader {
  isBroken = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#has(1) ? this.#bytes[this.#at++]! : 0;
  }

  u16(): number {
    if (!this.#has(2)) return 0;
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  u32(): number {
    if (!this.#has(4)) return 0;
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  u48(): number {
    if (!this.#has(6)) return 0;
    this.#at += 6;
    return this.#bytes.readUIntBE(this.#at - 6, 6);
  }

  f64(): number {
    if (!this.#has(8)) return 0;
    this.#at += 8;
    return this.#bytes.readDoubleBE(this.#at - 8);
  }

  /** A view, not a copy. */
  take(count: number): Uint8Array {
    if (!this.#has(count)) return new Uint8Array(0);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  latin1(count: number): string {
    if (!this.#has(count)) return '';
    this.#at += count;
    return this.#bytes.toString('latin1', this.#at - count, this.#at);
  }

  /** Reads to the end, where nothing but zeros may be. */
  mustEndInZeros(): void {
    while (this.left > 0) if (this.#bytes[this.#at++] !== 0) this.isBroken = true;
  }

  #has(count: number): boolean {
    if (this.#at + count <= this.#bytes.length) return true;
    this.isBroken = true;
    return false;
  }
}
