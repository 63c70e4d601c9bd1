import { Buffer } from 'node:buffer';
import { computeBodyCrc, computeHeaderCrc, fieldAt, headerBytes } from '../src/header.js';

/** A copy of a batch with something changed in its header, and a headerCrc that vouches for it. */
export function forgeHeader(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  copy.writeUInt32LE(computeHeaderCrc(copy), fieldAt.headerCrc);
  return copy;
}

/** A data batch whose body is the base time and then exactly these bytes, said to be `count` records, checksums right. */
export function forgeRecords(like: Buffer, count: number, recordBytes: readonly number[], baseTime = 0n): Buffer {
  const batch = Buffer.concat([like.subarray(0, headerBytes), Buffer.alloc(8), Buffer.from(recordBytes)]);
  batch.writeBigInt64LE(baseTime, headerBytes);
  return forgeHeader(batch, (copy) => {
    copy.writeUInt32LE(copy.length, fieldAt.length);
    copy.writeUInt32LE(count, fieldAt.count);
    copy.writeUInt32LE(computeBodyCrc(copy), fieldAt.bodyCrc);
  });
}
