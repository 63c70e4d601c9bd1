import type { Buffer } from 'node:buffer';
import { checkBatch } from './check.js';
import { BatchError } from './errors.js';
import { type BatchType, batchTypes, fieldAt, readHeader, typeOf } from './header.js';
import { readUint32 } from './integers.js';
import type { BatchLimits } from './limits.js';
import { RecordWalk } from './walk.js';

export interface AdmitOptions extends BatchLimits {
  /** The types that may come in. Default: data only, since all others are the servers' own. */
  readonly types?: readonly BatchType[] | undefined;
}

const dataOnly: readonly BatchType[] = [batchTypes.data];

/**
 * What a leader does once with a batch that a producer sent, before it is stamped: `checkBatch`, that nobody stamped it yet,
 * that it is of a type that may come in, and a walk over the records' lengths, so that every record can be read by
 * whoever reads the batch later. After this no server looks into the body again. The walk allocates nothing per record.
 *
 * @param batch one batch and nothing behind it; not changed
 * @throws BatchError what `checkBatch` throws, `length` when bytes follow, `stamped`, `type`, `count`, `record` or `number`
 */
export function admitBatch(batch: Buffer, options: AdmitOptions = {}): void {
  const length = checkBatch(batch, 0, options);
  if (batch.length !== length) throw moreThanOne(batch.length, length);
  if (isStamped(batch)) throw stampedAlready(batch);

  const type = typeOf(batch);
  const types = options.types ?? dataOnly;
  if (!types.includes(type)) throw unwanted(type, types);
  if (type === batchTypes.data) walkRecords(batch);
}

function walkRecords(batch: Buffer): void {
  const walk = new RecordWalk(batch);
  while (walk.next());
}

function isStamped(batch: Buffer): boolean {
  let bits = readUint32(batch, fieldAt.appendTime) | readUint32(batch, fieldAt.appendTime + 4);
  // Index, term and base offset stand side by side.
  for (let at: number = fieldAt.index; at < fieldAt.count; at += 4) bits |= readUint32(batch, at);
  return bits !== 0;
}

function moreThanOne(bytes: number, length: number): BatchError {
  return new BatchError(
    'length',
    `the batch is ${length} bytes long, found ${bytes}: hand over one batch and nothing behind it`,
    { at: fieldAt.length, expected: bytes, found: length },
  );
}

function unwanted(type: BatchType, types: readonly BatchType[]): BatchError {
  return new BatchError(
    'type',
    `batch type ${type} may not come in here, expected ${types.join(' or ')}: a producer sends data batches`,
    { at: fieldAt.type, expected: types[0], found: type },
  );
}

function stampedAlready(batch: Buffer): BatchError {
  const { index, term, baseOffset, appendTime } = readHeader(batch);
  const [field, found] = Object.entries({ index, term, baseOffset, appendTime }).find(([, value]) => value !== 0)!;
  return new BatchError(
    'stamped',
    `${field} is ${found}, expected 0: only a leader fills it; send the batch as it was encoded`,
    { at: fieldAt[field as 'index' | 'term' | 'baseOffset' | 'appendTime'], expected: 0, found },
  );
}
