import assert from 'node:assert/strict';
import { batches, encodeBatch, indexOf, records, stampBatch } from '@commitlog/record';
import { LogError, type LogErrorCode } from '../errors.js';
import type { FollowRequest, Log } from '../log.js';
import type { LogPosition } from '../position.js';

/** The smallest that a log takes: four batches of {@link big} do not fit. */
export const smallSegmentBytes = 4096;

/** A batch of one record each for these values. */
export function batchOf(...values: readonly string[]): Buffer {
  return encodeBatch(values.map((value) => ({ value: Buffer.from(value) })));
}

/** A batch of one record of about 1 KiB that begins with `text`. */
export function big(text: string): Buffer {
  return batchOf(`${text} `.padEnd(1024, '.'));
}

/** A batch as a leader would have stamped it, behind a position. */
export function stampedAfter(
  { index, term, nextOffset, appendTime }: LogPosition,
  batch: Buffer,
  change: { index?: number; term?: number; baseOffset?: number; appendTime?: number } = {},
): Buffer {
  stampBatch(batch, { index: index + 1, term: Math.max(1, term), baseOffset: nextOffset, appendTime, ...change });
  return batch;
}

/** Appends one batch of one record for each value, one after the other. */
export async function appendEach(log: Log, ...values: readonly string[]): Promise<void> {
  for (const value of values) await log.append(batchOf(value));
}

/** Appends batches `b<first>` to `b<last>` of about 1 KiB, so that small segments roll. */
export async function appendBig(log: Log, first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number += 1) await log.append(big(`b${number}`));
}

/** The values of all records from a point on, up to the first space. */
export async function valuesFrom(log: Log, request: FollowRequest = { from: 'start' }): Promise<string[]> {
  const values: string[] = [];
  for await (const { value } of log.records(request)) values.push(wordOf(value));
  return values;
}

/** The values in a stretch of whole batches, up to the first space. */
export function valuesIn(bytes: Buffer): string[] {
  return [...batches(bytes)].flatMap((batch) => [...records(batch)].map(({ value }) => wordOf(value)));
}

/** The indexes of a stretch of whole batches. */
export function indexesIn(bytes: Buffer): number[] {
  return [...batches(bytes)].map((batch) => indexOf(batch));
}

/** A text for each number, both ends included. */
export function words(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => `b${first + at}`);
}

/** Expects a promise to fail with a `LogError` of this code. */
export async function refused(promise: Promise<unknown>, code: LogErrorCode): Promise<LogError> {
  const error = await promise.then(
    () => assert.fail(`expected a LogError ${code}, and it succeeded`),
    (failed: unknown) => failed,
  );
  assert(error instanceof LogError, `expected a LogError ${code}, got ${error}`);
  assert.equal(error.code, code, error.message);
  return error;
}

function wordOf(value: Buffer): string {
  return value.toString().split(' ', 1)[0]!;
}
