import assert from 'node:assert/strict';
import { type Log, LogError, type LogErrorCode, type LogPosition, type LogSettings, openLog } from '@commitlog/log';
import { batches, encodeBatch, indexOf, records, stampBatch } from '@commitlog/record';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';

export const dir = '/log';

/** The smallest that a log takes: three batches of {@link big} fit, four do not. */
const smallSegmentBytes = 4096;

/** A disk and a clock, and the log of the directory `/log` in them. */
export class World {
  readonly disk: SimulatedDisk;
  readonly clock: SimulatedClock = new SimulatedClock();

  constructor(disk: SimulatedDisk = new SimulatedDisk()) {
    this.disk = disk;
  }

  /** Opens the log, with small segments unless told. */
  async open(settings: Partial<LogSettings> = {}): Promise<Log> {
    const { files } = this.disk;
    return await openLog({ dir, segmentBytes: smallSegmentBytes, ...settings }, { files, clock: this.clock });
  }

  /** Every file of the log's directory, by name. */
  get snapshot(): Record<string, string> {
    return Object.fromEntries(this.names.map((name) => [name, this.bytesOf(name).toString('hex')]));
  }

  /** The names in the log's directory. */
  get names(): string[] {
    return this.disk
      .paths()
      .filter((path) => path.startsWith(`${dir}/`))
      .map((path) => path.slice(dir.length + 1));
  }

  bytesOf(name: string): Buffer {
    return Buffer.from(this.disk.bytesOf(`${dir}/${name}`));
  }

  place(name: string, bytes: Uint8Array): void {
    this.disk.place(`${dir}/${name}`, bytes);
  }

  async remove(name: string): Promise<void> {
    await this.disk.files.remove(`${dir}/${name}`);
    await this.disk.files.syncDirectory(dir);
  }

  /** Inverts the lowest bit of a byte. */
  flip(name: string, byte: number): void {
    this.disk.flipBit(`${dir}/${name}`, byte * 8);
  }

  /** The file that holds a batch of the log, and where in it the batch begins. */
  placeOf(log: Log, index: number): { readonly name: string; readonly at: number; readonly segmentId: number } {
    const segment = log.segments.find(({ end }) => end.index >= index)!;
    const name = segmentName(segment.base.index, segment.id);
    const bytes = this.bytesOf(name);
    let at = 64;
    for (const batch of batches(bytes.subarray(64, segment.bytes), { isChecked: true })) {
      if (indexOf(batch) === index) return { name, at, segmentId: segment.id };
      at += batch.length;
    }
    throw new Error(`no batch ${index} in ${name}`);
  }

  /** Damages the header of a batch, or its body. */
  damage(log: Log, index: number, part: 'header' | 'body'): void {
    const { name, at } = this.placeOf(log, index);
    this.flip(name, at + (part === 'header' ? 20 : 70));
  }
}

function segmentName(baseIndex: number, id: number): string {
  return `${String(baseIndex + 1).padStart(20, '0')}-${id}.log`;
}

/** A batch of one record each for these values. */
export function batchOf(...values: readonly (string | Buffer)[]): Buffer {
  return encodeBatch(values.map((value) => ({ value: Buffer.from(value) })));
}

/** A batch of one record of about 1 KiB that begins with `text`. */
export function big(text: string): Buffer {
  return batchOf(`${text} `.padEnd(1024, '.'));
}

/** A copy of a batch, stamped as a leader would have behind a position. */
export function stampedAfter(
  { index, term, nextOffset, appendTime }: LogPosition,
  batch: Buffer,
  change: { index?: number; term?: number; baseOffset?: number; appendTime?: number } = {},
): Buffer {
  const stamped = Buffer.from(batch);
  stampBatch(stamped, { index: index + 1, term: Math.max(1, term), baseOffset: nextOffset, appendTime, ...change });
  return stamped;
}

/** A position behind a batch of one record each, in term 2: where a log can be reset to. */
export function behind(index: number): LogPosition {
  return { index, term: 2, nextOffset: index, appendTime: 0 };
}

/** Appends `b<first>` to `b<last>`, about 1 KiB each, one after the other. */
export async function appendBig(log: Log, first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number += 1) await log.append(big(`b${number}`));
}

export async function appendEach(log: Log, ...values: readonly string[]): Promise<void> {
  for (const value of values) await log.append(batchOf(value));
}

/** `b<first>` to `b<last>`. */
export function words(first: number, last: number): string[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => `b${first + at}`);
}

/** The first word of every record's value in a stretch of batches. */
export function valuesIn(bytes: Buffer): string[] {
  return [...batches(bytes)].flatMap((batch) => [...records(batch)].map(({ value }) => firstWord(value)));
}

/** The first word of every record's value, from the start unless told. */
export async function valuesOf(log: Log, from: Parameters<Log['read']>[0]['from'] = 'start'): Promise<string[]> {
  const values: string[] = [];
  for await (const { value } of log.records({ from })) values.push(firstWord(value));
  return values;
}

/** What can be read from an index on, and the indexes of what cannot. */
export async function readAround(log: Log, from = log.start.index + 1): Promise<{ values: string[]; holes: number[] }> {
  const values: string[] = [];
  const holes: number[] = [];
  for (let index = from; index <= log.durable.index; ) {
    try {
      const { bytes, next } = await log.read({ from: { index }, maxBytes: 1 });
      values.push(...valuesIn(bytes));
      index = next.index;
    } catch (error) {
      if (!(error instanceof LogError) || error.damage === undefined) throw error;
      const { firstIndex, lastIndex } = error.damage;
      if (firstIndex > index || lastIndex < index) throw new Error(`index ${index} is not damaged by ${error.message}`);
      for (; index <= error.damage.lastIndex; index += 1) holes.push(index);
    }
  }
  return { values, holes };
}

/** The bytes of every batch in the log, by index. */
export async function batchesOf(log: Log): Promise<Map<number, Buffer>> {
  const found = new Map<number, Buffer>();
  for await (const { bytes } of log.slices({ from: { index: log.firstOnDisk.index + 1 } })) {
    for (const batch of batches(bytes)) found.set(indexOf(batch), Buffer.from(batch));
  }
  return found;
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

/** Lets everything happen that waits for nothing but its turn: a simulated disk answers at once. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) await Promise.resolve();
}

function firstWord(value: Buffer): string {
  return value.toString().split(' ', 1)[0]!;
}
