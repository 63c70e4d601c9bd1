import type { Buffer } from 'node:buffer';
import { BatchError } from './errors.js';

/**
 * The 64-bit fields, as JavaScript numbers. A `number` holds integers exactly up to 2^53 − 1; above that an offset would
 * silently become its neighbour, so such a value is refused, in both directions.
 */
const two32 = 0x1_0000_0000;

/** The high halves of 0 … 2^53 − 1 end here. */
const safeHighMax = 0x1f_ffff;

/**
 * The fields are read and written byte by byte: a batch has many, small batches are many, and `readUInt32LE` takes several times as
 * long. Whoever calls has made sure that the bytes are there.
 */
export function readUint32(buffer: Buffer, at: number): number {
  return (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)) >>> 0;
}

/** Writes the lowest 32 bits of an integer. */
export function writeUint32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}

/** @throws BatchError `number` above 2^53 − 1 */
export function readUint64(buffer: Buffer, at: number, field: string): number {
  const high = readUint32(buffer, at + 4);
  if (high > safeHighMax) throw unsafe(field, at, buffer.readBigUInt64LE(at));
  return high * two32 + readUint32(buffer, at);
}

/** @throws BatchError `number` outside of ±(2^53 − 1) */
export function readInt64(buffer: Buffer, at: number, field: string): number {
  // The sum rounds only where it has left the safe range, and rounding never leads back into it.
  const value = (readUint32(buffer, at + 4) | 0) * two32 + readUint32(buffer, at);
  if (!Number.isSafeInteger(value)) throw unsafe(field, at, buffer.readBigInt64LE(at));
  return value;
}

/** Writes a safe integer, negative ones in two's complement. The caller has checked the range. */
export function writeInt64(buffer: Buffer, at: number, value: number): void {
  writeUint32(buffer, at, value >>> 0);
  writeUint32(buffer, at + 4, upperHalfOf(value));
}

/** What stands in the upper 32 bits of a safe integer's 64. */
export function upperHalfOf(value: number): number {
  return Math.floor(value / two32);
}

/**
 * Refuses what a field cannot hold: fractions, NaN, and integers out of range.
 *
 * @throws BatchError `number`
 */
export function requireInteger(field: string, value: number, min: number, max: number): void {
  if (!(Number.isSafeInteger(value) && value >= min && value <= max)) throw notIn(field, value, min, max);
}

function notIn(field: string, value: number, min: number, max: number): BatchError {
  return new BatchError('number', `${field} must be an integer from ${min} to ${max}, got ${value}`, {
    expected: value < min ? min : max,
    found: value,
  });
}

function unsafe(field: string, at: number, found: bigint): BatchError {
  return new BatchError(
    'number',
    `${field} at byte ${at} is ${found}: expected at most 2^53 − 1 either side of zero, and nothing is rounded; no version of this program wrote it`,
    { at, expected: Number.MAX_SAFE_INTEGER, found },
  );
}
