import { Buffer } from 'node:buffer';
import { noRecords, requireFit } from './build.js';
import { batchTypes, headerBytes } from './header.js';
import { writeInt64 } from './integers.js';
import { type BatchLimits, batchBytesMaxOf } from './limits.js';
import { type RecordInput, recordLength, timeDelta, writeRecord } from './record.js';
import { type ProducerFields, requireProducerFields, sealBatch } from './seal.js';
import { varintBytes } from './varint.js';
import { baseTimeBytes } from './walk.js';

const scratchBytesMin = 4096;
const emptyBytes = headerBytes + baseTimeBytes;

/**
 * Gathers records one by one into a batch, for a client that sends what has come together while the previous batch was on
 * its way. Each record is encoded when it is added: its bytes are the caller's again at once.
 *
 * The first record's time (or 0) is the base time, unless {@link BatchBuilder.clear} was given one. One builder makes any number of batches, one after the other, and keeps
 * its scratch space, at most `batchBytesMax`, in between.
 */
export class BatchBuilder {
  private readonly batchBytesMax: number;
  private scratch: Buffer = Buffer.alloc(0);
  private bytes = emptyBytes;
  private records = 0;
  private baseTime: number | undefined;

  /** @throws BatchError `number` for a limit out of range */
  constructor(limits?: BatchLimits) {
    this.batchBytesMax = batchBytesMaxOf(limits);
  }

  /** How many records the batch has by now. */
  get count(): number {
    return this.records;
  }

  /** How long the batch is by now, header included, in bytes. */
  get byteLength(): number {
    return this.bytes;
  }

  /**
   * Adds a record behind the others, if it fits.
   *
   * @returns false when this batch has no room for it, or is more than 2^53 − 1 ms away: build, then add it again
   * @throws BatchError `too-large` when no batch has room for it; `number` or `record` for what cannot be encoded. Nothing
   * was added then
   */
  add(record: RecordInput): boolean {
    const isFirst = this.records === 0;
    const baseTime = this.baseTime ?? record.time ?? 0;
    const delta = timeDelta(record, baseTime);
    if (delta === undefined) return false;
    const length = recordLength(record, delta);
    const bytes = this.bytes + varintBytes(length) + length;
    if (bytes > this.batchBytesMax) {
      this.requireFitAlone(record);
      return false;
    }

    if (bytes > this.scratch.length) this.grow(bytes);
    if (isFirst) {
      writeInt64(this.scratch, headerBytes, baseTime);
      this.baseTime = baseTime;
    }
    writeRecord(this.scratch, this.bytes, record, delta, length);
    this.bytes = bytes;
    this.records += 1;
    return true;
  }

  /**
   * Makes the unstamped batch, which is the caller's, and starts over.
   *
   * @throws BatchError `count` when nothing was added, `number` for a field out of range; the records are still there then
   */
  build(producer: ProducerFields = {}): Buffer {
    if (this.records === 0) throw noRecords();
    requireProducerFields(producer);
    const batch = Buffer.allocUnsafe(this.bytes);
    this.scratch.copy(batch, headerBytes, headerBytes, this.bytes);
    sealBatch(batch, batchTypes.data, this.records, producer);
    this.clear();
    return batch;
  }

  /**
   * Forgets what was added.
   *
   * @param baseTime of the next batch: with that of a batch, any of its records have room, and are encoded as they were there
   */
  clear(baseTime?: number): void {
    this.bytes = emptyBytes;
    this.records = 0;
    this.baseTime = baseTime;
  }

  /** A record that fits into no batch must not be offered again to the next one, for ever. */
  private requireFitAlone(record: RecordInput): void {
    const length = recordLength(record, 0);
    requireFit(emptyBytes + varintBytes(length) + length, this.batchBytesMax);
  }

  private grow(bytesMin: number): void {
    const bytes = Math.min(this.batchBytesMax, Math.max(scratchBytesMin, 2 * this.scratch.length, bytesMin));
    const scratch = Buffer.allocUnsafeSlow(bytes);
    scratch.set(this.scratch);
    this.scratch = scratch;
  }
}
