import type { Buffer } from 'node:buffer';
import { BatchError } from './errors.js';
import {
  appendTimeOf,
  attributesOf,
  batchTypes,
  bodyCrcOf,
  computeBodyCrc,
  computeHeaderCrc,
  countOf,
  fieldAt,
  headerBytes,
  headerCrcOf,
  indexOf,
  lengthOf,
  nextOffsetOf,
  producerIdOf,
  requireHeader,
  termOf,
  typeOf,
} from './header.js';
import { type BatchLimits, batchBytesMaxOf } from './limits.js';
import { baseTimeBytes, recordBytesMin } from './walk.js';

/** The bits of `attributes` that name the compression codec. */
const codecMask = 0x0f;

/**
 * Checks a header by itself, the body need not be there: 64 bytes, headerCrc, a length within the limit, a known type and
 * codec, a count that fits both, and 64-bit fields that a `number` holds exactly.
 *
 * @param at where the batch starts in `buffer`, in bytes
 * @returns the whole batch's length in bytes
 * @throws BatchError `truncated`, `header-checksum`, `length`, `type`, `codec`, `flags`, `count` or `number`
 */
export function checkHeader(buffer: Buffer, at = 0, limits?: BatchLimits): number {
  checkHeaderCrc(buffer, at);
  return checkFields(buffer, at, batchBytesMaxOf(limits));
}

/** @throws BatchError `truncated` or `header-checksum` when no whole header stands at `at` */
export function checkHeaderCrc(buffer: Buffer, at: number): void {
  requireHeader(buffer, at);
  // Before all else: behind a wrong checksum no field means anything.
  const expected = computeHeaderCrc(buffer, at);
  const found = headerCrcOf(buffer, at);
  if (found !== expected) throw wrongHeaderCrc(at, expected, found);
}

/**
 * Checks a whole batch, and is the check for whatever comes from a disk, a peer or a server: `checkHeader`, that all of it
 * is there, and bodyCrc. It does not look into the body: `admitBatch` has, once, and the checksum says that nothing
 * changed since.
 *
 * @param at where the batch starts in `buffer`, in bytes; more may follow behind it
 * @returns the batch's length in bytes: the next one starts at `at` plus this
 * @throws BatchError what `checkHeader` throws, `truncated` or `body-checksum`
 */
export function checkBatch(buffer: Buffer, at = 0, limits?: BatchLimits): number {
  const length = checkHeader(buffer, at, limits);
  requireWhole(buffer, at, length);
  const expected = computeBodyCrc(buffer, at);
  const found = bodyCrcOf(buffer, at);
  if (found !== expected) throw wrongBodyCrc(at, expected, found);
  return length;
}

/**
 * The fields' part of `checkHeader`, for a header that is there and whose checksum somebody has checked.
 *
 * @returns the whole batch's length in bytes
 */
export function checkFields(buffer: Buffer, at: number, batchBytesMax: number): number {
  const length = lengthOf(buffer, at);
  if (length < headerBytes || length > batchBytesMax) throw wrongLength(at, length, batchBytesMax);
  const type = typeOf(buffer, at);
  checkAttributes(buffer, at);
  checkCount(buffer, at, type === batchTypes.data, length);
  checkNumbers(buffer, at);
  return length;
}

/** @throws BatchError `truncated` when the buffer ends before a batch of `length` bytes at `at` does */
export function requireWhole(buffer: Buffer, at: number, length: number): void {
  if (buffer.length - at < length) throw cutShort(at, length, buffer.length - at);
}

function checkAttributes(buffer: Buffer, at: number): void {
  const attributes = attributesOf(buffer, at);
  if (attributes !== 0) throw unknownAttributes(at, attributes);
}

function checkCount(buffer: Buffer, at: number, isData: boolean, length: number): void {
  const count = countOf(buffer, at);
  const min = isData ? 1 : 0;
  // A forged count is refused here, so that what a reader sets aside by count is bounded by bytes that are there.
  const max = isData ? Math.max(0, Math.floor((length - headerBytes - baseTimeBytes) / recordBytesMin)) : 0;
  if (count < min || count > max) throw wrongCount(at, isData, length, { count, min, max });
}

/** Refuses what the fields' accessors would have to round. */
function checkNumbers(buffer: Buffer, at: number): void {
  // Nearly every batch ends here: no number is anywhere near 2^53, nor becomes so when a count is added.
  if (
    (topOf(buffer, at + fieldAt.index) |
      topOf(buffer, at + fieldAt.term) |
      topOf(buffer, at + fieldAt.baseOffset) |
      topOf(buffer, at + fieldAt.producerId) |
      topOf(buffer, at + fieldAt.appendTime)) ===
    0
  )
    return;
  indexOf(buffer, at);
  termOf(buffer, at);
  producerIdOf(buffer, at);
  appendTimeOf(buffer, at);
  const nextOffset = nextOffsetOf(buffer, at);
  if (nextOffset > Number.MAX_SAFE_INTEGER) throw endsTooFar(at, nextOffset);
}

/** The topmost two bytes of a 64-bit field, in no order: 0 below 2^48. */
function topOf(buffer: Buffer, at: number): number {
  return buffer[at + 6]! | buffer[at + 7]!;
}

/*
 * The errors stand apart from the checks: what is left of a check is small enough for the compiler to put it where it is called,
 * and small batches spend their time in calls.
 */

function wrongHeaderCrc(at: number, expected: number, found: number): BatchError {
  return new BatchError(
    'header-checksum',
    `header checksum of the batch at byte ${at} is ${hex(found)}, its bytes give ${hex(expected)}: they are damaged or no batch; take it from another replica or have it sent again`,
    { at, expected, found },
  );
}

function wrongBodyCrc(at: number, expected: number, found: number): BatchError {
  return new BatchError(
    'body-checksum',
    `body checksum of the batch at byte ${at} is ${hex(found)}, its bytes give ${hex(expected)}: they are damaged; take it from another replica or have it sent again`,
    { at, expected, found },
  );
}

function wrongLength(at: number, found: number, batchBytesMax: number): BatchError {
  const isShort = found < headerBytes;
  return new BatchError(
    'length',
    `batch length at byte ${at + fieldAt.length} is ${found}, expected ${headerBytes} to ${batchBytesMax} bytes: ${
      isShort ? 'no version of this program wrote it' : 'send smaller batches, or raise batchBytesMax'
    }`,
    { at: at + fieldAt.length, expected: isShort ? headerBytes : batchBytesMax, found },
  );
}

function cutShort(at: number, expected: number, found: number): BatchError {
  return new BatchError(
    'truncated',
    `the batch at byte ${at} is ${expected} bytes long, found ${found}: wait for the rest, or take it for torn`,
    { at, expected, found },
  );
}

function unknownAttributes(at: number, attributes: number): BatchError {
  const codec = attributes & codecMask;
  const values = { at: at + fieldAt.attributes, expected: 0 };
  if (codec !== 0) {
    return new BatchError(
      'codec',
      `compression codec ${codec} of the batch at byte ${at} is unknown to this version, which knows 0 (none): upgrade, or send without compression`,
      { ...values, found: codec },
    );
  }
  return new BatchError(
    'flags',
    `flags ${hex(attributes)} of the batch at byte ${at} are unknown to this version, which knows none: upgrade`,
    { ...values, found: attributes },
  );
}

function wrongCount(
  at: number,
  isData: boolean,
  length: number,
  { count, min, max }: { readonly count: number; readonly min: number; readonly max: number },
): BatchError {
  return new BatchError(
    'count',
    isData
      ? `the data batch at byte ${at} says ${count} records, expected ${min} or more, of which its ${length} bytes hold at most ${max}: no version of this program wrote it`
      : `the control batch at byte ${at} says ${count} records, expected none: no version of this program wrote it`,
    { at: at + fieldAt.count, expected: count < min ? min : max, found: count },
  );
}

function endsTooFar(at: number, found: number): BatchError {
  return new BatchError(
    'number',
    `the batch at byte ${at} ends at an offset above 2^53 − 1, and nothing is rounded: the log is full, or no version of this program wrote it`,
    { at: at + fieldAt.baseOffset, expected: Number.MAX_SAFE_INTEGER, found },
  );
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
