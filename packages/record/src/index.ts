/**
 * The record batch: build, stamp, check, and read without copying. One binary form on the wire, on disk and between
 * replicas.
 *
 * ```ts
 * const batch = encodeBatch([{ value: Buffer.from('hello') }]);
 * admitBatch(batch);
 * stampBatch(batch, { index: 1, term: 1, baseOffset: 0, appendTime: 1_700_000_000_000 });
 * checkBatch(batch);
 * for (const record of records(batch)) console.log(record.offset, record.value.toString());
 * ```
 *
 * @packageDocumentation
 */
export { type AdmitOptions, admitBatch } from './admit.js';
export { type EncodeOptions, encodeBatch, encodeControlBatch } from './build.js';
export { BatchBuilder } from './builder.js';
export { checkBatch, checkHeader } from './check.js';
export { BatchError, type BatchErrorCode, type BatchErrorValues } from './errors.js';
export {
  appendTimeOf,
  attributesOf,
  type BatchHeader,
  type BatchType,
  baseOffsetOf,
  baseSequenceOf,
  batchTypes,
  bodyCrcOf,
  type ControlBatchType,
  countOf,
  headerBytes,
  headerCrcOf,
  indexOf,
  lengthOf,
  nextOffsetOf,
  producerEpochOf,
  producerIdOf,
  readHeader,
  termOf,
  typeOf,
} from './header.js';
export { type BatchLimits, batchBytesMaxDefault } from './limits.js';
export { type BatchesOptions, batches, type RecordHeaderView, type RecordView, records } from './read.js';
export type { RecordHeader, RecordInput } from './record.js';
export type { ProducerFields } from './seal.js';
export { type Stamp, type StampOptions, stampBatch } from './stamp.js';
export { baseTimeOf } from './walk.js';
