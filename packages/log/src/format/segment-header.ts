import { crc32 } from 'node:zlib';
import { LogError } from '../errors.js';
import { readU64, writeU64 } from './number.js';

/*
 * The first 64 bytes of a segment file, little-endian:
 *
 *    0  8 B   magic "CMTLOGSG"
 *    8  u32   format version
 *   12  16 B  cluster id
 *   28  u64   log id
 *   36  u64   segment id
 *   44  u64   base index: that of the first batch
 *   52  u64   base offset: that of the first record
 *   60  u32   CRC-32 of bytes 0–59
 */

export const segmentHeaderBytes = 64;
const magic = Buffer.from('CMTLOGSG', 'latin1');
const version = 1;

/** Which log this is: directories of different clusters, or of different logs of one, are never mixed up. */
export interface LogIdentity {
  /** 32 lower-case hexadecimal digits. */
  readonly cluster: string;
  /** The log's number in its cluster, from 0 to 2^53−1. */
  readonly log: number;
}

/** Which log a segment belongs to, and where in it. */
export interface SegmentHeader extends LogIdentity {
  readonly id: number;
  readonly baseIndex: number;
  readonly baseOffset: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(version, 8);
  bytes.write(header.cluster, 12, 16, 'hex');
  writeU64(bytes, header.log, 28);
  writeU64(bytes, header.id, 36);
  writeU64(bytes, header.baseIndex, 44);
  writeU64(bytes, header.baseOffset, 52);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** What is wrong with a segment's header. */
export interface HeaderProblem {
  readonly reason: string;
  /** The header is whole, and another file's: then nothing in this file can be trusted to be this segment's. */
  readonly isForeign: boolean;
}

/**
 * Compares what stands at the start of a segment file with what the manifest says must stand there.
 *
 * @throws LogError `newer-format` when the header is whole and of a later version
 */
export function segmentHeaderProblem(found: Buffer, expected: SegmentHeader, path: string): HeaderProblem | undefined {
  if (found.length < segmentHeaderBytes) {
    return { reason: `expected a header of ${segmentHeaderBytes} bytes, found ${found.length}`, isForeign: false };
  }
  if (found.readUInt32LE(60) !== crc32(found.subarray(0, 60))) {
    return { reason: "the segment header's checksum is wrong", isForeign: false };
  }
  const foundVersion = found.readUInt32LE(8);
  if (found.subarray(0, 8).equals(magic) && foundVersion > version) {
    throw new LogError('newer-format', newerFormat(path, foundVersion, version), { path });
  }
  if (found.equals(encodeSegmentHeader(expected))) return undefined;
  const [id, baseIndex] = [readU64(found, 36), readU64(found, 44)];
  const reason = `expected the header of segment ${expected.id} from index ${expected.baseIndex}, found that of segment ${id} from index ${baseIndex}, or of another log`;
  return { reason, isForeign: true };
}

export function newerFormat(path: string, found: number, supported: number): string {
  return `${path} has format version ${found}, and this package knows up to ${supported}: open it with the version that wrote it, or a later one`;
}
