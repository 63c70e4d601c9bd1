import { Buffer } from 'node:buffer';
import type { LogPosition } from '@commitlog/log';
import type { Entry, EntryType } from '@commitlog/raft';
import { appendTimeOf, batches, batchTypes, indexOf, nextOffsetOf, termOf, typeOf } from '@commitlog/record';

/** The same bytes as a Buffer; nothing is copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What a batch is to Raft: what it does not make itself is data, whatever that means to those who read it. */
export function entryTypeOf(batch: Buffer): EntryType {
  switch (typeOf(batch)) {
    case batchTypes.noop:
      return 'noop';
    case batchTypes.configuration:
      return 'configuration';
    default:
      return 'data';
  }
}

/** A stamped batch as Raft's entry; its data are these bytes. */
export function entryOf(batch: Buffer): Entry {
  return { index: indexOf(batch), term: termOf(batch), type: entryTypeOf(batch), data: batch };
}

/** The point behind a stamped batch. */
export function positionAfter(batch: Buffer): LogPosition {
  return {
    index: indexOf(batch),
    term: termOf(batch),
    nextOffset: nextOffsetOf(batch),
    appendTime: appendTimeOf(batch),
  };
}

/** Batches that were read from a log, which has checked them, as entries that share their bytes. */
export function entriesOf(bytes: Buffer): Entry[] {
  return Array.from(batches(bytes, { isChecked: true, batchBytesMax: Math.max(bytes.length, 64) }), entryOf);
}
