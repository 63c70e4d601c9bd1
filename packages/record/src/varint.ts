import type { Buffer } from 'node:buffer';
import { BatchError } from './errors.js';

/**
 * Zigzag varints: a signed integer n as 2n, or as −2n − 1 below zero, then seven bits a byte, lowest first, the top bit
 * saying that more follows (Protocol Buffers' `sint64`). Here every integer within ±(2^53 − 1) has exactly one form, the
 * shortest, of at most eight bytes: two different bodies never mean the same records.
 */
export const varintBytesMax = 8;

/** Up to here, either side of zero, 32-bit arithmetic does: the zigzag form has 31 bits. */
const smallMax = 0x3fff_ffff;

/** How many bytes `value`, an integer within ±(2^53 − 1), takes. */
export function varintBytes(value: number): number {
  if (value >= -smallMax && value <= smallMax) {
    const zigzag = (value << 1) ^ (value >> 31);
    return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5;
  }
  // The first byte has room for six bits beside the sign, each further one for seven.
  let rest = Math.floor(magnitudeOf(value) / 0x40);
  let bytes = 1;
  while (rest > 0) {
    rest = Math.floor(rest / 0x80);
    bytes += 1;
  }
  return bytes;
}

/**
 * Writes `value`, an integer within ±(2^53 − 1), at `at`.
 *
 * @returns the position behind it
 */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let position = at;
  if (value >= -smallMax && value <= smallMax) {
    let zigzag = (value << 1) ^ (value >> 31);
    while (zigzag >= 0x80) {
      bytes[position++] = (zigzag & 0x7f) | 0x80;
      zigzag >>>= 7;
    }
    bytes[position++] = zigzag;
    return position;
  }
  // Doubling −(2^53 − 1) would leave the exact integers, so the sign bit is put beside the magnitude by hand.
  const magnitude = magnitudeOf(value);
  let low = ((magnitude % 0x40) << 1) | (value < 0 ? 1 : 0);
  let rest = Math.floor(magnitude / 0x40);
  while (rest > 0) {
    bytes[position++] = low | 0x80;
    low = rest % 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[position++] = low;
  return position;
}

/** Reads varints one behind the other, never past `end`. */
export class VarintReader {
  readonly bytes: Buffer;
  /** Where the next byte is read. */
  at: number;
  /** The position behind the last byte that may be read: at most the buffer's length. */
  end: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /**
   * The integer at `at`, which moves behind it.
   *
   * @throws BatchError `record` when it ends past `end`, is longer than it need be or than eight bytes; `number` outside
   * of ±(2^53 − 1)
   */
  read(): number {
    const at = this.at;
    if (at < this.end) {
      const first = this.bytes[at]!;
      if (first < 0x80) {
        this.at = at + 1;
        return (first >>> 1) ^ -(first & 1);
      }
      if (at + 1 < this.end) {
        const second = this.bytes[at + 1]!;
        if (second < 0x80 && second > 0) {
          this.at = at + 2;
          return (((first & 0x7f) | (second << 7)) >>> 1) ^ -(first & 1);
        }
      }
    }
    return this.readLong();
  }

  private readLong(): number {
    const start = this.at;
    const stop = Math.min(this.end, start + varintBytesMax);
    let magnitude = 0;
    let scale = 1;
    let isNegative = false;
    for (let at = start; at < stop; at += 1) {
      const byte = this.bytes[at]!;
      if (at === start) {
        isNegative = (byte & 1) === 1;
        magnitude = (byte & 0x7f) >>> 1;
        scale = 0x40;
      } else {
        // Exact below 2^53; a sum that rounds is above, and stays there, to be refused below.
        magnitude += (byte & 0x7f) * scale;
        scale *= 0x80;
      }
      if (byte < 0x80) {
        if (byte === 0 && at > start) throw notShortest(start, at + 1 - start);
        const value = isNegative ? -magnitude - 1 : magnitude;
        if (!Number.isSafeInteger(value)) throw tooLarge(start);
        this.at = at + 1;
        return value;
      }
    }
    throw stop === this.end ? unfinished(start, this.end) : notShortest(start, varintBytesMax + 1);
  }
}

/** n, or −n − 1 below zero: what remains of the zigzag form without its lowest bit. */
function magnitudeOf(value: number): number {
  return value < 0 ? -value - 1 : value;
}

function notShortest(at: number, found: number): BatchError {
  return new BatchError(
    'record',
    `the varint at byte ${at} takes ${found} bytes or more, expected its shortest form, of at most ${varintBytesMax}: encode it anew`,
    { at, expected: varintBytesMax, found },
  );
}

function unfinished(at: number, end: number): BatchError {
  return new BatchError(
    'record',
    `the varint at byte ${at} goes on past byte ${end}, where what it belongs to ends: the body was not encoded as records`,
    { at, expected: end },
  );
}

function tooLarge(at: number): BatchError {
  return new BatchError(
    'number',
    `the varint at byte ${at} is outside of ±(2^53 − 1), and nothing is rounded: use a smaller number`,
    { at, expected: Number.MAX_SAFE_INTEGER },
  );
}
