import { Buffer } from 'node:buffer';
import { BatchError } from './errors.js';
import { batchTypes, type ControlBatchType, headerBytes } from './header.js';
import { requireInteger, writeInt64 } from './integers.js';
import { type BatchLimits, batchBytesMaxOf } from './limits.js';
import { type RecordInput, recordLength, timeDelta, writeRecord } from './record.js';
import { type ProducerFields, requireProducerFields, sealBatch } from './seal.js';
import { varintBytes } from './varint.js';
import { baseTimeBytes } from './walk.js';

export interface EncodeOptions extends ProducerFields, BatchLimits {
  /**
   * What the records' times are written relative to, in ms since the epoch, an integer within ±(2^53 − 1). Default: the
   * first record's time, or 0 if it has none.
   */
  readonly baseTime?: number | undefined;
}

/**
 * Encodes records into one unstamped data batch. Measures first, so that what does not fit costs nothing; the result is
 * the caller's, and shares no bytes with the records.
 *
 * @throws BatchError `count` for no records; `too-large` when they do not fit into `batchBytesMax`; `number` for a number
 * out of its range, and when a record is more than 2^53 − 1 ms from the base time; `record` for a header key that is not Unicode
 */
export function encodeBatch(records: readonly RecordInput[], options: EncodeOptions = {}): Buffer {
  const first = records[0];
  if (first === undefined) throw noRecords();
  const batchBytesMax = batchBytesMaxOf(options);
  const baseTime = options.baseTime ?? first.time ?? 0;
  requireInteger('base time', baseTime, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  requireProducerFields(options);

  let bytes = headerBytes + baseTimeBytes;
  for (const record of records) {
    const length = recordLength(record, requireDelta(record, baseTime));
    bytes += varintBytes(length) + length;
  }
  requireFit(bytes, batchBytesMax);

  const batch = Buffer.allocUnsafe(bytes);
  writeInt64(batch, headerBytes, baseTime);
  let at = headerBytes + baseTimeBytes;
  for (const record of records) {
    const delta = requireDelta(record, baseTime);
    at = writeRecord(batch, at, record, delta, recordLength(record, delta));
  }
  sealBatch(batch, batchTypes.data, records.length, options);
  return batch;
}

/**
 * Encodes a batch without records, unstamped.
 *
 * @param body copied; what it means is up to the type
 * @throws BatchError `too-large` when it does not fit into `batchBytesMax`; `record` for a body that is no bytes
 */
export function encodeControlBatch(type: ControlBatchType, body: Uint8Array, limits?: BatchLimits): Buffer {
  if (!(body instanceof Uint8Array)) {
    throw new BatchError('record', `a control batch's body must be a Uint8Array, got a ${typeof body}`);
  }
  const bytes = headerBytes + body.length;
  requireFit(bytes, batchBytesMaxOf(limits));
  const batch = Buffer.allocUnsafe(bytes);
  batch.set(body, headerBytes);
  sealBatch(batch, type, 0, {});
  return batch;
}

/** A data batch without records says nothing, and would take an index for it. */
export function noRecords(): BatchError {
  return new BatchError('count', 'a data batch has at least one record, found none: add one first', {
    expected: 1,
    found: 0,
  });
}

/** @throws BatchError `too-large` */
export function requireFit(bytes: number, batchBytesMax: number): void {
  if (bytes <= batchBytesMax) return;
  throw new BatchError(
    'too-large',
    `the batch would be ${bytes} bytes, expected at most ${batchBytesMax}: send fewer or smaller records, or raise batchBytesMax`,
    { expected: batchBytesMax, found: bytes },
  );
}

function requireDelta(record: RecordInput, baseTime: number): number {
  const delta = timeDelta(record, baseTime);
  if (delta !== undefined) return delta;
  throw new BatchError(
    'number',
    `a record's time, ${record.time} ms, is more than 2^53 − 1 ms from the base time, ${baseTime} ms: put it into another batch`,
    { expected: Number.MAX_SAFE_INTEGER, found: record.time },
  );
}
