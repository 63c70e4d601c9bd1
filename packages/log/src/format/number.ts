import { LogError } from '../errors.js';

/** Writes an integer from 0 to 2^53−1 as u64, little-endian. */
export function writeU64(into: Buffer, value: number, at: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new LogError('settings', `a 64-bit field takes an integer from 0 to 2^53-1, got ${value}`);
  }
  into.writeUInt32LE(value % 2 ** 32, at);
  into.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

/** Reads a u64, little-endian; `undefined` above 2^53−1, which none of our writers makes. */
export function readU64(from: Buffer, at: number): number | undefined {
  const value = from.readUInt32LE(at) + from.readUInt32LE(at + 4) * 2 ** 32;
  return Number.isSafeInteger(value) ? value : undefined;
}
