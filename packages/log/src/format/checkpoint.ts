import { crc32 } from 'node:zlib';
import { names } from '../layout.js';
import type { LogPosition } from '../position.js';
import { readU64, writeU64 } from './number.js';

/*
 * CHECKPOINT-<index>-<term> holds state derived from the log up to and including that batch. Little-endian:
 *
 *    0  u32  CRC-32 of bytes 4 to the end
 *    4  u32  magic "CKP1"
 *    8  u64  index
 *   16  u64  term
 *   24  …    the state, opaque
 */

const headerBytes = 24;
const magic = 0x31504b43;

/** What a checkpoint is the state of. */
export interface CheckpointKey {
  readonly index: number;
  readonly term: number;
}

/**
 * The checkpoints that count: they were taken where a segment begins, and any other is of a log that was truncated or replaced since.
 *
 * @param found the names in the log's directory
 */
export function checkpointsOf(
  segments: readonly { readonly base: LogPosition }[],
  found: readonly string[],
): CheckpointKey[] {
  const there = new Set(found);
  return segments
    .map(({ base: { index, term } }) => ({ index, term }))
    .filter(({ index, term }) => there.has(names.checkpoint(index, term)));
}

export function encodeCheckpoint(key: CheckpointKey, state: Uint8Array): Buffer {
  const bytes = Buffer.alloc(headerBytes + state.length);
  bytes.writeUInt32LE(magic, 4);
  writeU64(bytes, key.index, 8);
  writeU64(bytes, key.term, 16);
  bytes.set(state, headerBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** The state, a view of `bytes`; `undefined` where the bytes are not those of this checkpoint. */
export function decodeCheckpoint(bytes: Buffer, key: CheckpointKey): Buffer | undefined {
  if (bytes.length < headerBytes) return undefined;
  if (bytes.readUInt32LE(4) !== magic || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) return undefined;
  if (readU64(bytes, 8) !== key.index || readU64(bytes, 16) !== key.term) return undefined;
  return bytes.subarray(headerBytes);
}
