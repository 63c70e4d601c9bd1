import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { getHeapStatistics } from 'node:v8';
import {
  admitBatch,
  BatchError,
  baseTimeOf,
  batches,
  batchTypes,
  checkBatch,
  countOf,
  encodeBatch,
  encodeControlBatch,
  headerBytes,
  nextOffsetOf,
  type RecordView,
  readHeader,
  records,
  stampBatch,
} from '../../src/index.js';

/** No record is shorter, so that a walk over n bytes takes at most n / 5 steps. */
const recordBytesMin = 5;

/** What reading may leave on the heap, in views, strings and errors: so much whatever the input, and so much a byte. */
const heapBytesFixed = 256 * 1024;
const heapBytesPerByte = 1024;

const allTypes = Object.values(batchTypes);

/**
 * Reads bytes in every way that the package offers, and fails unless all ways agree.
 *
 * @returns whether `checkBatch` accepts them and every record can be read
 * @throws AssertionError, or whatever is thrown that is no BatchError
 */
export function examine(bytes: Buffer): boolean {
  const before = Buffer.from(bytes);
  const outcome = measured(bytes.length, () => readEveryWay(bytes));
  assert.ok(bytes.equals(before), 'reading changed the bytes');
  if (outcome.isAdmitted) checkReencoding(bytes);
  if (outcome.isChecked) checkRestamping(Buffer.from(bytes));
  return outcome.isChecked && outcome.isReadable;
}

interface Outcome {
  readonly isChecked: boolean;
  readonly isReadable: boolean;
  readonly isAdmitted: boolean;
}

function readEveryWay(bytes: Buffer): Outcome {
  accepts(() => readHeader(bytes));
  const isChecked = accepts(() => checkBatch(bytes));
  const isReadable = accepts(() => readRecords(bytes));
  const isAdmitted = accepts(() => admitBatch(bytes, { types: allTypes }));

  const mayBeAdmitted = isChecked && isReadable && isAlone(bytes) && isUnstamped(bytes);
  assert.equal(isAdmitted, mayBeAdmitted, 'admitBatch and the readers disagree');

  const canStartRange = accepts(() => walkRange(bytes, false));
  assert.ok(!canStartRange || isChecked || bytes.length === 0, 'batches() accepts what checkBatch refuses');
  accepts(() => walkRange(bytes, true));
  return { isChecked, isReadable, isAdmitted };
}

/** Every record and every header; more of them than there is room for would be a loop without end. */
function readRecords(bytes: Buffer): void {
  let walked = 0;
  for (const record of records(bytes)) {
    walked += 1;
    assert.ok(walked * recordBytesMin <= bytes.length, 'more records than bytes');
    checkViews(bytes, record);
  }
  assert.equal(walked, countOf(bytes), 'records() and count disagree');
}

function checkViews(bytes: Buffer, record: RecordView): void {
  assert.ok(Number.isSafeInteger(record.offset) && Number.isSafeInteger(record.time), 'a number was rounded');
  const views = [record.key, record.value, ...record.headers.map((header) => header.value)];
  for (const view of views) {
    if (view === undefined) continue;
    assert.ok(view.buffer === bytes.buffer, 'a copy instead of a view');
    const start = view.byteOffset - bytes.byteOffset;
    assert.ok(start >= headerBytes && start + view.length <= bytes.length, 'a view outside of the batch');
  }
}

function walkRange(bytes: Buffer, isChecked: boolean): void {
  let walkedBytes = 0;
  for (const batch of batches(bytes, { isChecked })) {
    assert.ok(batch.length >= headerBytes, 'a batch shorter than its header');
    walkedBytes += batch.length;
  }
  assert.equal(walkedBytes, bytes.length, 'batches() left bytes out');
}

/** There is one form: whatever is admitted is what we would have encoded from what it says. */
function checkReencoding(bytes: Buffer): void {
  const header = readHeader(bytes);
  if (header.type === batchTypes.data) {
    const again = encodeBatch([...records(bytes)], { ...header, baseTime: baseTimeOf(bytes) });
    assert.ok(again.equals(bytes), 'encoding what was read gives other bytes');
  } else if (header.producerId === 0 && header.producerEpoch === 0 && header.baseSequence === 0) {
    const again = encodeControlBatch(header.type, bytes.subarray(headerBytes));
    assert.ok(again.equals(bytes), 'encoding what was read gives other bytes');
  }
}

function checkRestamping(copy: Buffer): void {
  const readable = accepts(() => readRecords(copy));
  const stamp = { index: 7, term: 3, baseOffset: 12_345, appendTime: 99 };
  stampBatch(copy, stamp);
  checkBatch(copy);
  const { index, term, baseOffset, appendTime, count } = readHeader(copy);
  assert.deepEqual({ index, term, baseOffset, appendTime }, stamp, 'the stamp reads otherwise than it was written');
  assert.equal(nextOffsetOf(copy), baseOffset + count);
  assert.equal(
    accepts(() => readRecords(copy)),
    readable,
    'a stamp changed what can be read',
  );
}

/** Whether it goes through; anything thrown but a BatchError goes on up. */
function accepts(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof BatchError) return false;
    throw error;
  }
}

function isAlone(bytes: Buffer): boolean {
  return readHeader(bytes).length === bytes.length;
}

function isUnstamped(bytes: Buffer): boolean {
  const { index, term, baseOffset, appendTime } = readHeader(bytes);
  return index === 0 && term === 0 && baseOffset === 0 && appendTime === 0;
}

/** How often bytes are read whose first reading took too much memory: the engine's own work is beside few of these. */
const readings = 5;

/**
 * Reading makes views, never buffers: the memory behind array buffers may not grow at all, and the heap only in proportion
 * to the input. A forged length or count that made a reader set memory aside by it would do either, whenever it reads. The
 * engine's own work is in the same counts: code that it compiles can look like growth, and a collection can hide one, so that
 * what most readings say counts.
 */
function measured(inputBytes: number, read: () => Outcome): Outcome {
  const heapMax = heapBytesFixed + heapBytesPerByte * inputBytes;
  const excesses: string[] = [];
  for (let reading = 1; ; reading += 1) {
    const before = getHeapStatistics();
    const outcome = read();
    const after = getHeapStatistics();
    const external = after.external_memory - before.external_memory;
    const heap = after.used_heap_size - before.used_heap_size;
    if (external > 0) excesses.push(`a buffer of ${external}`);
    else if (heap > heapMax) excesses.push(`${heap} bytes of heap, expected at most ${heapMax}`);
    if (excesses.length === 0 || reading === readings) {
      assert.ok(excesses.length <= readings / 2, `reading ${inputBytes} bytes took ${excesses.join('; ')}`);
      return outcome;
    }
  }
}
