import type { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { BatchError } from './errors.js';
import { crc32OfWords } from './header-crc.js';
import { readInt64, readUint32, readUint64 } from './integers.js';

/** The length of every batch's header, in bytes. The body starts here. */
export const headerBytes = 64;

/**
 * Where each field starts, in bytes from the start of the batch; all little-endian. The leader fills headerCrc, index,
 * term, baseOffset and appendTime; all others are the producer's.
 */
export const fieldAt = {
  headerCrc: 0,
  length: 4,
  index: 8,
  term: 16,
  baseOffset: 24,
  count: 32,
  type: 36,
  attributes: 37,
  producerEpoch: 38,
  producerId: 40,
  baseSequence: 48,
  bodyCrc: 52,
  appendTime: 56,
} as const;

/** What a batch is for. 0 is never written, so that zeroed disk never parses. All but `data` are control batches. */
export const batchTypes = {
  /** A producer's records. */
  data: 1,
  /** Nothing: a new leader's first batch, which commits what earlier terms left behind (Raft §5.4.2, §8). */
  noop: 2,
  /** The members of the group. */
  configuration: 3,
  /** The log's new logical start. */
  trim: 4,
  /** A producer's id and epoch. */
  producer: 5,
  /** What the log's users have agreed on beside their records. */
  metadata: 6,
} as const;

export type BatchType = (typeof batchTypes)[keyof typeof batchTypes];

/** The types of batches that carry no records. */
export type ControlBatchType = Exclude<BatchType, typeof batchTypes.data>;

/** A header's fields, headerCrc excepted: it says nothing about the batch. Integers, all exact. */
export interface BatchHeader {
  /** The whole batch, header included, in bytes. */
  readonly length: number;
  /** The batch's number in the log; 0 before a leader stamped it. */
  readonly index: number;
  /** The term of the leader that stamped it. */
  readonly term: number;
  /** The offset of the first record; in a control batch, of the next one to come. */
  readonly baseOffset: number;
  /** How many records; 0 in control batches. */
  readonly count: number;
  readonly type: BatchType;
  /** Bits 0–3: the compression codec, 0 for none. Bits 4–7: flags, none of which has a meaning yet. */
  readonly attributes: number;
  readonly producerEpoch: number;
  /** 0: a producer that asked for no id, whose batches are not told apart from their repetitions. */
  readonly producerId: number;
  /** The producer's number for the first record, counted modulo 2^32. */
  readonly baseSequence: number;
  readonly bodyCrc: number;
  /** The leader's clock, in ms since the epoch; never decreasing along a log. */
  readonly appendTime: number;
}

/**
 * A header's fields as an object, for where speed does not count. Does not look at checksums or limits: see `checkHeader`.
 *
 * @param at where the batch starts in `buffer`, in bytes
 * @throws BatchError `truncated` when fewer than 64 bytes are there, `type` for an unknown type, `number` for a 64-bit
 * field above 2^53 − 1
 */
export function readHeader(buffer: Buffer, at = 0): BatchHeader {
  requireHeader(buffer, at);
  return {
    length: lengthOf(buffer, at),
    index: indexOf(buffer, at),
    term: termOf(buffer, at),
    baseOffset: baseOffsetOf(buffer, at),
    count: countOf(buffer, at),
    type: typeOf(buffer, at),
    attributes: attributesOf(buffer, at),
    producerEpoch: producerEpochOf(buffer, at),
    producerId: producerIdOf(buffer, at),
    baseSequence: baseSequenceOf(buffer, at),
    bodyCrc: bodyCrcOf(buffer, at),
    appendTime: appendTimeOf(buffer, at),
  };
}

/** @throws BatchError `truncated` when fewer than 64 bytes are there from `at` on */
export function requireHeader(buffer: Buffer, at: number): void {
  // Written so that NaN fails it as well.
  if (!(at >= 0 && buffer.length - at >= headerBytes)) throw noHeader(at, Math.max(0, buffer.length - at));
}

function noHeader(at: number, found: number): BatchError {
  return new BatchError(
    'truncated',
    `a batch header is ${headerBytes} bytes, found ${found} at byte ${at}: wait for the rest, or take the bytes for torn`,
    { at, expected: headerBytes, found },
  );
}

// One field each, without an object. They take a header for granted: 64 bytes from `at` on, which whoever calls them has
// made sure of (`checkHeader` does); on fewer bytes they throw Node's RangeError. 64-bit fields throw BatchError `number`
// above 2^53 − 1, which they cannot after `checkHeader`.

export function headerCrcOf(buffer: Buffer, at = 0): number {
  return readUint32(buffer, at + fieldAt.headerCrc);
}

export function lengthOf(buffer: Buffer, at = 0): number {
  return readUint32(buffer, at + fieldAt.length);
}

export function indexOf(buffer: Buffer, at = 0): number {
  return readUint64(buffer, at + fieldAt.index, 'index');
}

export function termOf(buffer: Buffer, at = 0): number {
  return readUint64(buffer, at + fieldAt.term, 'term');
}

export function baseOffsetOf(buffer: Buffer, at = 0): number {
  return readUint64(buffer, at + fieldAt.baseOffset, 'baseOffset');
}

/** The offset behind the batch's last record: the next batch's base offset. */
export function nextOffsetOf(buffer: Buffer, at = 0): number {
  return baseOffsetOf(buffer, at) + countOf(buffer, at);
}

export function countOf(buffer: Buffer, at = 0): number {
  return readUint32(buffer, at + fieldAt.count);
}

/** @throws BatchError `type` for 0 and for types unknown to this version */
export function typeOf(buffer: Buffer, at = 0): BatchType {
  const type = buffer[at + fieldAt.type]!;
  if (isBatchType(type)) return type;
  throw new BatchError(
    'type',
    type === 0
      ? `batch type at byte ${at + fieldAt.type} is 0, which is never written: these bytes are no batch`
      : `batch type ${type} at byte ${at + fieldAt.type} is unknown to this version, and a batch is never skipped: upgrade`,
    { at: at + fieldAt.type, found: type },
  );
}

export function attributesOf(buffer: Buffer, at = 0): number {
  return buffer[at + fieldAt.attributes]!;
}

export function producerEpochOf(buffer: Buffer, at = 0): number {
  return buffer.readUInt16LE(at + fieldAt.producerEpoch);
}

export function producerIdOf(buffer: Buffer, at = 0): number {
  return readUint64(buffer, at + fieldAt.producerId, 'producerId');
}

export function baseSequenceOf(buffer: Buffer, at = 0): number {
  return readUint32(buffer, at + fieldAt.baseSequence);
}

export function bodyCrcOf(buffer: Buffer, at = 0): number {
  return readUint32(buffer, at + fieldAt.bodyCrc);
}

export function appendTimeOf(buffer: Buffer, at = 0): number {
  return readInt64(buffer, at + fieldAt.appendTime, 'appendTime');
}

/** What headerCrc must be: CRC-32 over bytes 4–63. */
export function computeHeaderCrc(buffer: Buffer, at = 0): number {
  return crc32OfWords(buffer, at + fieldAt.length, at + headerBytes);
}

/** What bodyCrc must be: CRC-32 over bytes 64… of a batch that is there whole. */
export function computeBodyCrc(buffer: Buffer, at = 0): number {
  return crc32(buffer.subarray(at + headerBytes, at + lengthOf(buffer, at)));
}

function isBatchType(type: number): type is BatchType {
  return type >= batchTypes.data && type <= batchTypes.metadata;
}
