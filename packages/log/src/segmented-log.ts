import { inspect } from 'node:util';
import {
  type AdmitOptions,
  admitBatch,
  BatchError,
  type BatchLimits,
  batches,
  checkBatch,
  countOf,
  type RecordView,
  records,
  stampBatch,
} from '@commitlog/record';
import type { Damage } from './damage.js';
import { LogError } from './errors.js';
import type { Fence } from './fence.js';
import { type CheckpointKey, decodeCheckpoint } from './format/checkpoint.js';
import type { HardState } from './format/hard-state.js';
import type { SealedSegment } from './format/manifest.js';
import type { HardStateFile } from './hard-state-file.js';
import { names } from './layout.js';
import type { Appended, AppendOptions, FollowRequest, Log } from './log.js';
import { Mender } from './mender.js';
import type { FetchBatches } from './mending.js';
import { checkedPosition, type LogPosition, positionOf } from './position.js';
import { Reader, type ReadFrom, type ReadRequest, type Slice } from './reader.js';
import type { SegmentHome } from './segment.js';
import type { SegmentSet } from './segment-set.js';
import { positionAfter, sequenceProblem } from './sequence.js';
import type { Watermark } from './watermark.js';
import type { Writer } from './writer.js';

/** What an open log is made of. */
export interface LogParts {
  readonly home: SegmentHome;
  readonly segments: SegmentSet;
  readonly writer: Writer;
  readonly hardState: HardStateFile;
  readonly durable: Watermark;
  readonly fence: Fence;
  readonly admission: AdmitOptions;
  /** Closes the files that remain, and frees the directory. */
  readonly release: () => Promise<void>;
}

const admitted = { isChecked: true };
const unstamped = { index: 0, term: 0, baseOffset: 0, appendTime: 0 };

/** See {@link Log}. */
export class SegmentedLog implements Log {
  readonly #parts: LogParts;
  readonly #reader: Reader;
  readonly #mender: Mender;
  #closing: Promise<void> | undefined;

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#reader = new Reader(parts.segments);
    this.#mender = new Mender(parts.home, parts.segments, parts.writer);
  }

  get start(): LogPosition {
    return positionOf(this.#parts.segments.start);
  }

  get firstOnDisk(): LogPosition {
    return positionOf(this.#parts.segments.all[0]!.base);
  }

  get durable(): LogPosition {
    return positionOf(this.#parts.segments.end);
  }

  get tail(): LogPosition {
    return positionOf(this.#parts.writer.tail);
  }

  get segments(): readonly SealedSegment[] {
    return this.#parts.segments.all.map((segment) => segment.describe());
  }

  get indexBytes(): number {
    return this.#parts.segments.all.reduce((bytes, segment) => bytes + segment.indexBytes, 0);
  }

  get damage(): readonly Damage[] {
    return this.#parts.segments.all.flatMap(({ holes }) => holes.map((hole) => ({ ...hole })));
  }

  get fencedBy(): LogError | undefined {
    return this.#parts.fence.error;
  }

  get hardState(): HardState {
    const { state } = this.#parts.hardState;
    const { term } = this.durable;
    // A vote is one of its term: the log shows that a later one has begun.
    return state.term >= term ? { ...state } : { ...state, term, vote: null };
  }

  get checkpoints(): readonly CheckpointKey[] {
    return this.#parts.segments.checkpoints.map((key) => ({ ...key }));
  }

  append(batch: Buffer, options?: AppendOptions): Promise<Appended> {
    if (!Buffer.isBuffer(batch)) return Promise.reject(noBatch(batch));
    const term = options?.term;
    return this.#whenWritable(batch.length, () => this.#append(batch, term));
  }

  appendStamped(stamped: readonly Buffer[]): Promise<LogPosition> {
    if (!Array.isArray(stamped)) return Promise.reject(noBatch(stamped));
    const stranger = stamped.find((batch) => !Buffer.isBuffer(batch));
    if (stranger !== undefined) return Promise.reject(noBatch(stranger));
    const bytes = stamped.reduce((sum, batch) => sum + batch.length, 0);
    return this.#whenWritable(bytes, () => this.#appendStamped(stamped));
  }

  async read(request: ReadRequest): Promise<Slice> {
    this.#requireOpen();
    return await this.#reader.read(request ?? {});
  }

  async *slices(request: FollowRequest): AsyncGenerator<Slice, void, undefined> {
    const { follow = false, signal, from: start, ...limits } = request ?? {};
    requireSignal(signal);
    const readFrom = (from: ReadFrom) => {
      this.#requireOpen();
      const reading = this.#reader.readUnchecked({ ...limits, from });
      // Whoever iterates on gets the error; whoever stops here does not need it.
      reading.catch(() => {});
      return { from, reading };
    };
    let ahead = readFrom(start);
    for (;;) {
      signal?.throwIfAborted();
      const { from, reading } = ahead;
      const { slice: unchecked, isGood } = await reading;
      // The next bytes come from the disk while these are checksummed and used.
      if (unchecked.bytes.length > 0) ahead = readFrom(unchecked.next);
      const slice = isGood() ? unchecked : await this.read({ ...limits, from });
      if (slice !== unchecked) ahead = readFrom(slice.next);
      if (slice.bytes.length === 0) {
        if (!follow || slice.next.index > (limits.throughIndex ?? Number.POSITIVE_INFINITY)) return;
        await this.reached(slice.next.index, signal);
        ahead = readFrom(slice.next);
        continue;
      }
      yield slice;
    }
  }

  async *records(request: FollowRequest): AsyncGenerator<RecordView, void, undefined> {
    const { from } = request ?? {};
    const firstOffset = typeof from === 'object' && from !== null && 'offset' in from ? from.offset : 0;
    for await (const { bytes } of this.slices(request)) {
      for (const batch of batches(bytes, { isChecked: true, batchBytesMax: bytes.length })) {
        for (const record of records(batch)) if (record.offset >= firstOffset) yield record;
      }
    }
  }

  async reached(index: number, signal?: AbortSignal): Promise<void> {
    const { durable, fence } = this.#parts;
    this.#requireOpen();
    requireIndex(index, 0, Number.MAX_SAFE_INTEGER);
    requireSignal(signal);
    if (durable.value < index) fence.check();
    await durable.reached(index, signal);
  }

  async termAt(index: number): Promise<number> {
    this.#requireOpen();
    return await this.#reader.termAt(index);
  }

  async positionAt(index: number): Promise<LogPosition> {
    this.#requireOpen();
    return positionOf((await this.#reader.pointAfter(index)).point.previous);
  }

  async truncateAfter(index: number): Promise<void> {
    this.#requireWritable();
    const { segments, writer } = this.#parts;
    await writer.cut(async () => {
      requireIndex(index, segments.start.index, Number.MAX_SAFE_INTEGER);
      if (index >= segments.end.index) return;
      const { segment, point } = await this.#reader.pointAfter(index);
      await segments.truncateAfter(segment, point);
    });
  }

  async trimBefore(index: number, known?: LogPosition): Promise<void> {
    this.#requireWritable();
    const start = known === undefined ? undefined : checkedPosition(known);
    if (start !== undefined && start.index !== index - 1) {
      throw new LogError('settings', `expected the point before index ${index}, got that behind index ${start.index}`);
    }
    const { segments, writer } = this.#parts;
    await writer.change(async () => {
      requireIndex(index, 0, segments.end.index + 1);
      if (index <= segments.start.index + 1) return;
      await segments.trimBefore(start ?? (await this.#reader.pointAfter(index - 1)).point.previous);
    });
  }

  async reset(position: LogPosition, state?: Uint8Array): Promise<void> {
    this.#requireWritable();
    const copy = checkedPosition(position);
    if (state !== undefined && !(state instanceof Uint8Array)) {
      throw new LogError('settings', `state: expected a Uint8Array or undefined, got ${inspect(state)}`);
    }
    await this.#parts.writer.cut(() => this.#parts.segments.reset(copy, state));
  }

  async mend(segmentId: number, fetch: FetchBatches): Promise<void> {
    this.#requireWritable();
    if (typeof fetch !== 'function') {
      throw new LogError('settings', `fetch: expected a function that brings batches, got ${inspect(fetch)}`);
    }
    await this.#mender.mend(segmentId, fetch);
  }

  async saveHardState(state: HardState): Promise<void> {
    this.#requireWritable();
    await this.#parts.hardState.save(state);
  }

  async readCheckpoint(key: CheckpointKey): Promise<Buffer | undefined> {
    this.#requireOpen();
    const { index, term } = key ?? {};
    if (!this.checkpoints.some((saved) => saved.index === index && saved.term === term)) return undefined;
    const bytes = await this.#parts.home.directory.readAround(names.checkpoint(index, term));
    return bytes && decodeCheckpoint(bytes, { index, term });
  }

  close(): Promise<void> {
    try {
      this.#parts.writer.requireNoHook();
    } catch (error) {
      return Promise.reject(error);
    }
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What is asked for before the log is closed is done, even if it has to wait for its turn. */
  #whenWritable<T>(bytes: number, append: () => Promise<T>): Promise<T> {
    try {
      this.#requireWritable();
      return this.#parts.writer.inTurn(bytes, append);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #append(batch: Buffer, term: number | undefined): Promise<Appended> {
    const { writer } = this.#parts;
    const appended = this.#admit(batch, term);
    try {
      return writer.append(batch, appended, unstamp);
    } catch (error) {
      unstamp(batch);
      throw error;
    }
  }

  /** Checks a producer's batch, and gives it its place behind the tail. */
  #admit(batch: Buffer, term: number | undefined): Appended {
    const { writer, admission } = this.#parts;
    const { tail } = writer;
    const termMin = Math.max(1, tail.term);
    if (term !== undefined && !(term >= termMin)) {
      throw new LogError('not-contiguous', `expected a term of at least ${termMin}, got ${term}`);
    }
    try {
      admitBatch(batch, admission);
      writer.requireRoom(batch.length);
      const appended = {
        index: tail.index + 1,
        term: term ?? termMin,
        baseOffset: tail.nextOffset,
        nextOffset: tail.nextOffset + countOf(batch),
        appendTime: writer.appendTime,
      };
      stampBatch(batch, appended, admitted);
      return appended;
    } catch (error) {
      throw fromRecord(error);
    }
  }

  async #appendStamped(stamped: readonly Buffer[]): Promise<LogPosition> {
    const { writer, admission } = this.#parts;
    const ends: LogPosition[] = [];
    let [end, bytes] = [writer.tail, 0];
    for (const batch of stamped) {
      requireOneBatch(batch, admission);
      const problem = sequenceProblem(end, batch, 0);
      if (problem !== undefined)
        throw new LogError('not-contiguous', `the batch does not follow the log's last one: ${problem}`);
      end = positionAfter(batch, 0);
      bytes += batch.length;
      ends.push(end);
    }
    if (ends.length === 0) throw new LogError('invalid-batch', 'expected at least one batch, got none');
    writer.requireRoom(bytes);
    return await writer.appendAll(stamped, ends);
  }

  async #close(): Promise<void> {
    const { writer, durable, release } = this.#parts;
    durable.fail(closedError());
    try {
      await this.#mender.stop(closedError());
      await writer.stop();
    } finally {
      await release();
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }

  #requireWritable(): void {
    this.#requireOpen();
    this.#parts.writer.requireNoHook();
    this.#parts.fence.check();
  }
}

function closedError(): LogError {
  return new LogError('closed', 'the log was closed: open it again');
}

function noBatch(found: unknown): LogError {
  const message = `expected a batch in a Buffer, got ${inspect(found, { depth: 0 })}: make one of records with encodeBatch`;
  return new LogError('invalid-batch', message);
}

function requireIndex(index: number, first: number, last: number): void {
  if (Number.isSafeInteger(index) && index >= first && index <= last) return;
  throw new LogError('out-of-range', `index: expected ${first} to ${last}, got ${index}`, {
    requested: index,
    first,
    last,
  });
}

function requireSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new LogError('settings', `signal: expected an AbortSignal or undefined, got ${inspect(signal)}`);
}

function requireOneBatch(batch: Buffer, limits: BatchLimits): void {
  let length: number;
  try {
    length = checkBatch(batch, 0, limits);
  } catch (error) {
    throw fromRecord(error);
  }
  if (batch.length === length) return;
  throw new LogError('invalid-batch', `expected one batch of ${length} bytes, got ${batch.length} bytes`);
}

/** A batch that was refused goes back as it came, so that it can be appended again. */
function unstamp(batch: Buffer): void {
  try {
    stampBatch(batch, unstamped);
  } catch (error) {
    // Its owner changed it while it was ours, and has no use for it any more.
    if (!(error instanceof BatchError)) throw error;
  }
}

/** What the record package refuses, in this package's words. */
function fromRecord(error: unknown): unknown {
  return error instanceof BatchError ? new LogError('invalid-batch', error.message, { cause: error }) : error;
}
