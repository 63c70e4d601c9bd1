import { crc32 } from 'node:zlib';
import type { LogPosition } from '../position.js';
import { readU64, writeU64 } from './number.js';
import { segmentHeaderBytes } from './segment-header.js';

/*
 * SYNCED says how far the last segment was synced: a bad batch above that point is a group that a power cut tore, one below
 * it is corruption. Two slots, 4,096 bytes apart so that no sector holds both, of 64 bytes, little-endian:
 *
 *    0  u32  CRC-32 of bytes 4–63
 *    4  u32  magic "SYN1"
 *    8  u64  sequence: the valid slot with the higher one counts
 *   16  u64  segment id
 *   24  u64  position: bytes of that segment which are synced
 *   32  u64  index of the last batch before that position
 *   40  u64  its term
 *   48  u64  next offset after it
 *   56  i64  its append time
 */

export const slotBytes = 64;
export const slotDistance = 4096;
const magic = 0x314e5953;

/** Everything below `position` in segment `segmentId` is durable, and `end` is what stands there. */
export interface SyncedMark {
  readonly segmentId: number;
  readonly position: number;
  readonly end: LogPosition;
}

/**
 * How far the active segment is known to be synced: as far as the newest mark says; and where that speaks of an earlier one, then its
 * header, which was synced when it was begun.
 */
export function markOfActive(
  newest: SyncedMark | undefined,
  { id, base }: { readonly id: number; readonly base: LogPosition },
): SyncedMark {
  if (newest?.segmentId === id) return newest;
  return { segmentId: id, position: segmentHeaderBytes, end: base };
}

/** A mark with the number that orders it among the others. */
export interface SyncedSlot extends SyncedMark {
  readonly sequence: number;
}

export function encodeSlot({ sequence, segmentId, position, end }: SyncedSlot): Buffer {
  const bytes = Buffer.alloc(slotBytes);
  bytes.writeUInt32LE(magic, 4);
  writeU64(bytes, sequence, 8);
  writeU64(bytes, segmentId, 16);
  writeU64(bytes, position, 24);
  writeU64(bytes, end.index, 32);
  writeU64(bytes, end.term, 40);
  writeU64(bytes, end.nextOffset, 48);
  writeU64(bytes, end.appendTime, 56);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** The slot in the first 64 bytes of `bytes`, or `undefined` where there is none that is whole. */
export function decodeSlot(bytes: Buffer): SyncedSlot | undefined {
  if (bytes.length < slotBytes) return undefined;
  const slot = bytes.subarray(0, slotBytes);
  if (slot.readUInt32LE(4) !== magic || slot.readUInt32LE(0) !== crc32(slot.subarray(4))) return undefined;
  const numbers = [8, 16, 24, 32, 40, 48, 56].map((at) => readU64(slot, at));
  const [sequence, segmentId, position, index, term, nextOffset, appendTime] = numbers as number[];
  if (numbers.includes(undefined)) return undefined;
  return {
    sequence: sequence!,
    segmentId: segmentId!,
    position: position!,
    end: { index: index!, term: term!, nextOffset: nextOffset!, appendTime: appendTime! },
  };
}
