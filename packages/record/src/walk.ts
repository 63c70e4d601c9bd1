import { type Buffer, isUtf8 } from 'node:buffer';
import { BatchError } from './errors.js';
import { baseOffsetOf, countOf, headerBytes, lengthOf } from './header.js';
import { readInt64 } from './integers.js';
import { VarintReader } from './varint.js';

/** A data batch's body starts with the producer's base time, a 64-bit integer. */
export const baseTimeBytes = 8;

/** An empty record without key or headers: length, time delta, key length, value length, header count. */
export const recordBytesMin = 5;

/** An empty header: key length, value length. */
const headerBytesMin = 2;

/** Written in the place of a length where there is no key, or no header value. */
export const none = -1;

/**
 * The base time of a data batch, in ms since the epoch: what the records' time deltas are added to. Takes for granted that
 * such a batch is there; on fewer than 72 bytes it throws Node's RangeError.
 *
 * @param at where the batch starts in `buffer`, in bytes
 * @throws BatchError `number` outside of ±(2^53 − 1)
 */
export function baseTimeOf(buffer: Buffer, at = 0): number {
  return readInt64(buffer, at + headerBytes, 'base time');
}

/**
 * Goes through a data batch's records in order and says where each one's parts lie. This is the only reader of the record
 * encoding, for admission and for consumers alike: what one accepts the other does. It allocates nothing per record.
 *
 * Takes for granted that the header was checked and that the batch is there whole; the body it trusts in nothing. Every
 * step moves at least five bytes on or throws.
 */
export class RecordWalk {
  /** The current record's offset. */
  offset: number;
  /** The current record's time, in ms since the epoch. */
  time = 0;
  /** Where its key starts. */
  keyAt = 0;
  /** Its key's length in bytes, {@link none} for no key. */
  keyLength: number = none;
  /** Where its value starts. */
  valueAt = 0;
  /** Its value's length in bytes. */
  valueLength = 0;
  /** Where its first header's key length stands. */
  headersAt = 0;
  headerCount = 0;

  private readonly varints: VarintReader;
  private readonly end: number;
  private readonly baseTime: number;
  private readonly count: number;
  private walked = 0;

  /**
   * @param batch a data batch's bytes, from its start
   * @throws BatchError `number` for a base time outside of ±(2^53 − 1)
   */
  constructor(batch: Buffer) {
    this.end = lengthOf(batch);
    this.count = countOf(batch);
    this.baseTime = baseTimeOf(batch);
    this.offset = baseOffsetOf(batch) - 1;
    this.varints = new VarintReader(batch, headerBytes + baseTimeBytes, this.end);
  }

  /**
   * Moves to the next record.
   *
   * @returns false behind the last
   * @throws BatchError `count` when there are fewer or more bytes than the records take; `record` or `number` when a
   * record's parts do not add up
   */
  next(): boolean {
    const varints = this.varints;
    varints.end = this.end;
    if (this.walked === this.count) {
      if (varints.at !== this.end) throw leftOver(varints.at, this.count, this.end);
      return false;
    }
    if (varints.at === this.end) throw tooFew(varints.at, this.count, this.walked);

    const length = varints.read();
    if (length < 0 || length > this.end - varints.at) throw outside('record', varints.at, length, this.end);
    const recordEnd = varints.at + length;
    varints.end = recordEnd;

    const time = this.baseTime + varints.read();
    if (!Number.isSafeInteger(time)) throw timeOutside(varints.at, time);
    this.time = time;

    const keyLength = varints.read();
    if (keyLength < none || keyLength > recordEnd - varints.at) throw outside('key', varints.at, keyLength, recordEnd);
    this.keyLength = keyLength;
    this.keyAt = varints.at;
    if (keyLength > 0) varints.at += keyLength;

    const valueLength = varints.read();
    if (valueLength < 0 || valueLength > recordEnd - varints.at) {
      throw outside('value', varints.at, valueLength, recordEnd);
    }
    this.valueLength = valueLength;
    this.valueAt = varints.at;
    varints.at += valueLength;

    const headerCount = varints.read();
    if (headerCount < 0 || headerCount > (recordEnd - varints.at) / headerBytesMin) {
      throw tooManyHeaders(varints.at, headerCount, recordEnd);
    }
    this.headerCount = headerCount;
    this.headersAt = varints.at;
    for (let i = 0; i < headerCount; i += 1) this.walkHeader(recordEnd);

    if (varints.at !== recordEnd) throw unused(varints.at, recordEnd);
    this.walked += 1;
    this.offset += 1;
    return true;
  }

  private walkHeader(recordEnd: number): void {
    const varints = this.varints;
    const keyLength = varints.read();
    if (keyLength < 0 || keyLength > recordEnd - varints.at) {
      throw outside('header key', varints.at, keyLength, recordEnd);
    }
    requireUtf8(varints.bytes, varints.at, varints.at + keyLength);
    varints.at += keyLength;

    const valueLength = varints.read();
    if (valueLength < none || valueLength > recordEnd - varints.at) {
      throw outside('header value', varints.at, valueLength, recordEnd);
    }
    if (valueLength > 0) varints.at += valueLength;
  }
}

/** Looks for a byte above ASCII by itself: only where there is one does it take a view, and Node's own check. */
function requireUtf8(bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += 1) {
    if (bytes[at]! < 0x80) continue;
    if (isUtf8(bytes.subarray(start, end))) return;
    throw new BatchError('record', `the header key at bytes ${start} to ${end} is not UTF-8: encode it as UTF-8`, {
      at: start,
    });
  }
}

function outside(part: string, at: number, found: number, end: number): BatchError {
  const expected = end - at;
  return new BatchError(
    'record',
    `the ${part} at byte ${at} has length ${found}, expected at most ${expected}, up to where what holds it ends: the body was not encoded as records`,
    { at, expected, found },
  );
}

function tooManyHeaders(at: number, found: number, end: number): BatchError {
  const expected = Math.floor((end - at) / headerBytesMin);
  return new BatchError(
    'record',
    `the record says ${found} headers at byte ${at}, expected 0 to ${expected}, as many as its bytes can hold: the body was not encoded as records`,
    { at, expected, found },
  );
}

function unused(at: number, end: number): BatchError {
  return new BatchError(
    'record',
    `the record's parts end at byte ${at}, the record at byte ${end}, expected the same: the body was not encoded as records`,
    { at, expected: end, found: at },
  );
}

function timeOutside(at: number, found: number): BatchError {
  return new BatchError(
    'number',
    `the record's time, before byte ${at}, is about ${found} ms, expected at most 2^53 − 1 either side of the epoch, and nothing is rounded: use a smaller time`,
    { at, expected: Number.MAX_SAFE_INTEGER, found },
  );
}

function leftOver(at: number, count: number, end: number): BatchError {
  return new BatchError(
    'count',
    `the batch's ${count} records end at byte ${at}, its body at byte ${end}: expected nothing behind them; count the records anew`,
    { at, expected: end, found: at },
  );
}

function tooFew(at: number, expected: number, found: number): BatchError {
  return new BatchError(
    'count',
    `the batch says ${expected} records, its body ends at byte ${at} after ${found}: count the records anew`,
    { at, expected, found },
  );
}
