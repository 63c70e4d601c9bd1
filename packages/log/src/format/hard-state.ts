import { inspect } from 'node:util';
import { crc32 } from 'node:zlib';
import { LogError } from '../errors.js';
import { readU64, writeU64 } from './number.js';

/*
 * HARDSTATE is what Raft must not forget (§5.1, figure 2). Two copies, 4,096 bytes apart, each of 512 bytes (one sector),
 * little-endian:
 *
 *    0  u32    CRC-32 of bytes 4–511
 *    4  u32    magic "HST1"
 *    8  u64    sequence: the valid copy with the higher one counts
 *   16  u64    term
 *   24  u64    commit hint
 *   32  16 B   storage id
 *   48  u16    length of the vote, 65,535 for none
 *   50  ≤255 B vote, UTF-8
 */

export const copyBytes = 512;
export const copyDistance = 4096;
const magic = 0x31545348;
const voteBytesMax = 255;
const noVote = 0xffff;

export interface HardState {
  /** The latest term seen. */
  readonly term: number;
  /** Who has this replica's vote in that term, at most 255 bytes of UTF-8; `null` when nobody has. */
  readonly vote: string | null;
  /** Everything up to this index was committed once; more may be. */
  readonly commitHint: number;
  /** The name of this disk, 32 hexadecimal digits: a new directory draws a new one. All zeros where nobody named it. */
  readonly storageId: string;
}

export const initialHardState: HardState = { term: 0, vote: null, commitHint: 0, storageId: '0'.repeat(32) };

export interface HardStateCopy {
  readonly sequence: number;
  readonly state: HardState;
}

/** @throws LogError `settings` when a field is out of its range */
export function encodeCopy({ sequence, state }: HardStateCopy): Buffer {
  const bytes = Buffer.alloc(copyBytes);
  const vote = typeof state.vote === 'string' ? Buffer.from(state.vote) : undefined;
  if (state.vote !== null && typeof state.vote !== 'string') {
    throw new LogError('settings', `a vote is a string, or null when nobody has it, got ${inspect(state.vote)}`);
  }
  if (vote !== undefined && vote.toString() !== state.vote) {
    throw new LogError(
      'settings',
      `a vote is Unicode text, got ${inspect(state.vote)}: UTF-8 cannot say half a surrogate pair`,
    );
  }
  if (vote !== undefined && vote.length > voteBytesMax) {
    throw new LogError('settings', `a vote takes at most ${voteBytesMax} bytes of UTF-8, got ${vote.length}`);
  }
  if (!/^[0-9a-f]{32}$/.test(state.storageId)) {
    throw new LogError('settings', `a storage id is 32 lower-case hexadecimal digits, got "${state.storageId}"`);
  }
  bytes.writeUInt32LE(magic, 4);
  writeU64(bytes, sequence, 8);
  writeU64(bytes, state.term, 16);
  writeU64(bytes, state.commitHint, 24);
  bytes.write(state.storageId, 32, 16, 'hex');
  bytes.writeUInt16LE(vote?.length ?? noVote, 48);
  vote?.copy(bytes, 50);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** The copy in the first 512 bytes of `bytes`, or `undefined` where there is none that is whole. */
export function decodeCopy(bytes: Buffer): HardStateCopy | undefined {
  if (bytes.length < copyBytes) return undefined;
  const copy = bytes.subarray(0, copyBytes);
  if (copy.readUInt32LE(4) !== magic || copy.readUInt32LE(0) !== crc32(copy.subarray(4))) return undefined;
  const [sequence, term, commitHint] = [readU64(copy, 8), readU64(copy, 16), readU64(copy, 24)];
  if (sequence === undefined || term === undefined || commitHint === undefined) return undefined;
  const voteLength = copy.readUInt16LE(48);
  const vote = voteLength === noVote ? null : copy.toString('utf8', 50, 50 + voteLength);
  return { sequence, state: { term, vote, commitHint, storageId: copy.toString('hex', 32, 48) } };
}
