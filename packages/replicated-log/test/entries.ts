import type { Entry, EntryType } from '@commitlog/raft';
import { batchTypes, encodeBatch, encodeControlBatch, stampBatch } from '@commitlog/record';

/** A batch of one record, as a leader has stamped it. */
export function batchAt(index: number, term: number, baseOffset: number, value: Uint8Array | string): Buffer {
  const batch = encodeBatch([{ value: Buffer.from(value) }]);
  stampBatch(batch, { index, term, baseOffset, appendTime: 0 });
  return batch;
}

/** What Raft itself adds, as a leader has stamped it. */
export function controlBatchAt(
  type: Exclude<EntryType, 'data'>,
  index: number,
  term: number,
  baseOffset: number,
  body: Uint8Array = new Uint8Array(0),
): Buffer {
  const batch = encodeControlBatch(batchTypes[type], body);
  stampBatch(batch, { index, term, baseOffset, appendTime: 0 });
  return batch;
}

/** Entry `index` of a log of data entries of one record each. */
export function dataEntry(index: number, term: number, text = `${index}/${term}`, baseOffset = index - 1): Entry {
  return { index, term, type: 'data', data: batchAt(index, term, baseOffset, text) };
}
