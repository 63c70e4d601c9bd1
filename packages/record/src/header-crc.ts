import type { Buffer } from 'node:buffer';
import { readUint32 } from './integers.js';

/*
 * CRC-32 of a header's 60 bytes, in JavaScript. `zlib.crc32` gives the same, but a call into it with a view of the buffer costs
 * about three times as much as these 15 steps; a header is checksummed twice on an append's way, and that is where small batches
 * spend their time. Bodies go through `zlib.crc32`.
 *
 * Four bytes at a time by four tables: Kounavis and Berry, "A Systematic Approach to Building High Performance Software-Based
 * CRC Generators", ISCC 2005 ("slicing").
 */
const polynomial = 0xedb88320;
const headerBytes = 64;

/** Table n, which starts at 256n, holds what a byte becomes when n zero bytes follow it. */
const tables = makeTables();
const [table0, table1, table2, table3] = [0, 1, 2, 3].map((n) => tables.slice(256 * n, 256 * (n + 1))) as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** CRC-32 (that of `zlib.crc32`) of the bytes from `start` up to `end`, a multiple of four of them that are there. */
export function crc32OfWords(buffer: Buffer, start: number, end: number): number {
  let crc = -1;
  for (let at = start; at < end; at += 4) {
    crc ^= readUint32(buffer, at);
    crc = table3[crc & 0xff]! ^ table2[(crc >>> 8) & 0xff]! ^ table1[(crc >>> 16) & 0xff]! ^ table0[crc >>> 24]!;
  }
  return ~crc >>> 0;
}

/**
 * By what headerCrc changes when 32 bits of the header do, both as what is XORed: CRCs are linear, so that a change has a CRC of its own,
 * whatever the other bytes are.
 *
 * @param at where in the header the 32 bits start, 4 to 60
 */
export function crcOfChange(at: number, change: number): number {
  const followedBy = headerBytes - 1 - at;
  return (
    tables[256 * followedBy + (change & 0xff)]! ^
    tables[256 * (followedBy - 1) + ((change >>> 8) & 0xff)]! ^
    tables[256 * (followedBy - 2) + ((change >>> 16) & 0xff)]! ^
    tables[256 * (followedBy - 3) + (change >>> 24)]!
  );
}

function makeTables(): Int32Array {
  const made = new Int32Array(256 * headerBytes);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at += 1) {
    const before = made[at - 256]!;
    made[at] = (before >>> 8) ^ made[before & 0xff]!;
  }
  return made;
}
