import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { BatchError } from './errors.js';
import { requireInteger } from './integers.js';
import { varintBytes, writeVarint } from './varint.js';
import { none } from './walk.js';

/** A name and a value beside a record's value. Keys may repeat; their order is kept. */
export interface RecordHeader {
  /** Unicode text: a string with half a surrogate pair is refused, since UTF-8 would silently replace it. May be empty. */
  readonly key: string;
  /** No value and an empty value are different things, and stay so. */
  readonly value?: Uint8Array | undefined;
}

/** What a producer gives. Encoding copies its bytes: they are the caller's again, to change, once the call returns. */
export interface RecordInput {
  readonly value: Uint8Array;
  /** No key and an empty key are different things, and stay so. */
  readonly key?: Uint8Array | undefined;
  /** As many as the batch has room for. */
  readonly headers?: readonly RecordHeader[] | undefined;
  /** In ms since the epoch, an integer within ±(2^53 − 1). Default: the batch's base time. */
  readonly time?: number | undefined;
}

/** Up to here a loop is faster than the call that copies any length. */
const loopBytesMax = 16;

const loneSurrogate = /\p{Surrogate}/u;

/**
 * A record's time as its distance from the batch's base time, in ms.
 *
 * @returns undefined when the distance is above 2^53 − 1: then the two cannot be in one batch
 * @throws BatchError `number` when the time itself is no integer within ±(2^53 − 1)
 */
export function timeDelta(record: RecordInput, baseTime: number): number | undefined {
  const { time } = record;
  if (time === undefined) return 0;
  requireInteger('record time', time, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const delta = time - baseTime;
  return Number.isSafeInteger(delta) ? delta : undefined;
}

/**
 * How many bytes a record takes behind its length field.
 *
 * @throws BatchError `record` for a header key that is not Unicode, and for a key or value that is no bytes
 */
export function recordLength(record: RecordInput, delta: number): number {
  const { key, value, headers } = record;
  return (
    varintBytes(delta) +
    (key === undefined ? 1 : bytesLength('key', key)) +
    bytesLength('value', value) +
    (headers === undefined ? 1 : headersLength(headers))
  );
}

/**
 * Writes a record, whose `recordLength` is `length`, at `at`.
 *
 * @returns the position behind it
 */
export function writeRecord(batch: Buffer, at: number, record: RecordInput, delta: number, length: number): number {
  const { key, value, headers } = record;
  let position = writeVarint(batch, at, length);
  position = writeVarint(batch, position, delta);
  position = writeBytes(batch, position, key);
  position = writeBytes(batch, position, value);
  if (headers === undefined) return writeVarint(batch, position, 0);
  position = writeVarint(batch, position, headers.length);
  for (const header of headers) {
    const keyLength = Buffer.byteLength(header.key);
    position = writeVarint(batch, position, keyLength);
    batch.write(header.key, position);
    position = writeBytes(batch, position + keyLength, header.value);
  }
  return position;
}

function headersLength(headers: readonly RecordHeader[]): number {
  let length = varintBytes(headers.length);
  for (const { key, value } of headers) {
    if (typeof key !== 'string') {
      throw new BatchError('record', `a header key must be a string, got ${inspect(key, { depth: 0 })}`);
    }
    if (loneSurrogate.test(key)) {
      throw new BatchError(
        'record',
        `the header key ${JSON.stringify(key)} has half a surrogate pair, expected Unicode text: UTF-8 cannot say it`,
      );
    }
    const keyLength = Buffer.byteLength(key);
    length += varintBytes(keyLength) + keyLength;
    length += value === undefined ? 1 : bytesLength('header value', value);
  }
  return length;
}

/** A length field and its bytes. */
function bytesLength(part: string, bytes: Uint8Array): number {
  // Without types a string gets here, and would be copied as zeros; of other typed arrays each element would lose what a byte cannot hold.
  if (!(bytes instanceof Uint8Array)) {
    throw new BatchError(
      'record',
      `a record's ${part} must be a Uint8Array, got a ${typeof bytes}: make one of text with Buffer.from(text)`,
    );
  }
  return varintBytes(bytes.length) + bytes.length;
}

/** A length and its bytes, or {@link none} in the length's place. */
function writeBytes(batch: Buffer, at: number, bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return writeVarint(batch, at, none);
  const start = writeVarint(batch, at, bytes.length);
  if (bytes.length > loopBytesMax) batch.set(bytes, start);
  else for (let i = 0; i < bytes.length; i += 1) batch[start + i] = bytes[i]!;
  return start + bytes.length;
}
