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
const [table0, table1, table2, table3] = makeTables();

/** CRC-32 (that of `zlib.crc32`) of the bytes from `start` up to `end`, a multiple of four of them that are there. */
export function crc32OfWords(buffer: Buffer, start: number, end: number): number {
  let crc = -1;
  for (let at = start; at < end; at += 4) {
    crc ^= readUint32(buffer, at);
    crc = table3[crc & 0xff]! ^ table2[(crc >>> 8) & 0xff]! ^ table1[(crc >>> 16) & 0xff]! ^ table0[crc >>> 24]!;
  }
  return ~crc >>> 0;
}

/** Table n holds what a byte becomes when n zero bytes follow it. */
function makeTables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const tables = [0, 1, 2, 3].map(() => new Uint32Array(256)) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[0][byte] = crc;
  }
  for (let byte = 0; byte < 256; byte += 1) {
    for (const n of [1, 2, 3] as const) {
      const before = tables[(n - 1) as 0 | 1 | 2][byte]!;
      tables[n][byte] = (before >>> 8) ^ tables[0][before & 0xff]!;
    }
  }
  return tables;
}
