import type { Buffer } from 'node:buffer';
import { type BatchType, computeBodyCrc, computeHeaderCrc, fieldAt, headerBytes } from './header.js';
import { requireInteger, writeInt64, writeUint32 } from './integers.js';

/** How a producer lets the servers tell a batch from its repetition. All integers; all 0 by default: it does not. */
export interface ProducerFields {
  /** 0 to 2^53 − 1. */
  readonly producerId?: number | undefined;
  /** 0 to 65,535. */
  readonly producerEpoch?: number | undefined;
  /** The first record's number: 0 to 2^32 − 1, where the next one is 0 again. */
  readonly baseSequence?: number | undefined;
}

/** @throws BatchError `number` for a field out of range */
export function requireProducerFields(producer: ProducerFields): void {
  requireInteger('producerId', producer.producerId ?? 0, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('producerEpoch', producer.producerEpoch ?? 0, 0, 0xffff);
  requireInteger('baseSequence', producer.baseSequence ?? 0, 0, 0xffff_ffff);
}

/**
 * Turns a buffer whose body is in place into an unstamped batch: header, then both checksums. The fields were checked.
 *
 * @param batch exactly the batch; changed in place
 */
export function sealBatch(batch: Buffer, type: BatchType, count: number, producer: ProducerFields): void {
  batch.fill(0, 0, headerBytes);
  writeUint32(batch, fieldAt.length, batch.length);
  writeUint32(batch, fieldAt.count, count);
  batch.writeUInt8(type, fieldAt.type);
  batch.writeUInt16LE(producer.producerEpoch ?? 0, fieldAt.producerEpoch);
  writeInt64(batch, fieldAt.producerId, producer.producerId ?? 0);
  writeUint32(batch, fieldAt.baseSequence, producer.baseSequence ?? 0);
  writeUint32(batch, fieldAt.bodyCrc, computeBodyCrc(batch));
  writeUint32(batch, fieldAt.headerCrc, computeHeaderCrc(batch));
}
