import { Buffer } from 'node:buffer';

/** Writes numbers and names one behind the other, big-endian, into memory of its own that grows as needed. */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(bytes = 256) {
    this.#bytes = Buffer.allocUnsafe(bytes);
  }

  get length(): number {
    return this.#at;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#at = this.#bytes.writeUInt8(value, this.#at);
    return this;
  }

  u16(value: number): this {
    this.#reserve(2);
    this.#at = this.#bytes.writeUInt16BE(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
    return this;
  }

  u48(value: number): this {
    this.#reserve(6);
    this.#at = this.#bytes.writeUIntBE(value, this.#at, 6);
    return this;
  }

  f64(value: number): this {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
    return this;
  }

  put(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  latin1(text: string): this {
    this.#reserve(text.length);
    this.#at += this.#bytes.write(text, this.#at, 'latin1');
    return this;
  }

  zeros(count: number): this {
    this.#reserve(count);
    this.#bytes.fill(0, this.#at, this.#at + count);
    this.#at += count;
    return this;
  }

  /** What was written so far: the caller's, as long as nothing more is written. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
