import { appendTimeOf, headerBytes, indexOf, lengthOf, nextOffsetOf } from '@commitlog/record';
import { hasErrorCode, type OpenFile } from '@commitlog/runtime';
import type { Damage } from './damage.js';
import type { LogDirectory } from './directory.js';
import { fileError, LogError } from './errors.js';
import type { FilePool } from './file-pool.js';
import type { SealedSegment } from './format/manifest.js';
import { type LogIdentity, type SegmentHeader, segmentHeaderBytes } from './format/segment-header.js';
import { names } from './layout.js';
import { type LogPosition, positionOf } from './position.js';
import { letGo, reclaim } from './reclaim.js';
import { isHeaderOf } from './resync.js';
import { readRange, type ScanEnd, type ScanPoint, scan } from './scan.js';
import { positionAfter } from './sequence.js';
import { type IndexEntry, SparseIndex } from './sparse-index.js';
import { type SurveyedSegment, survey, wholeSegment } from './survey.js';
import { type WalkEnd, walk } from './walk.js';

/** A batch that is looked up stands within 32 KiB of where the index leads. */
const seekWindowBytes = 64 * 1024;
/** The most that is asked of the disk at once, whatever a reader would take: one call's limit is 2^31 − 1. */
const readBytesMax = 1 << 30;

/** What to look up: the batch of that index, the one that holds that offset, or the first appended at or after that time. */
export type Target = { readonly index: number } | { readonly offset: number } | { readonly time: number };

/** Whole batches as they stand in the file. */
export interface BatchRun {
  /** The caller's own. */
  readonly bytes: Buffer;
  /** The boundary behind them. */
  readonly next: ScanPoint;
}

/** What all segments of one log share. */
export interface SegmentHome {
  readonly directory: LogDirectory;
  /** The files open for reading. */
  readonly pool: FilePool;
  readonly identity: LogIdentity;
}

/**
 * One file of the log, for reading: up to `end`, which for the active segment moves with every sync. Every batch that leaves here was
 * checksummed as it was read.
 */
export class Segment {
  readonly id: number;
  readonly base: LogPosition;
  readonly file: string;
  /** The point behind the last readable batch. */
  end: LogPosition;
  /** Bytes up to that point, header included. */
  bytes: number;
  readonly #home: SegmentHome;
  #index: SparseIndex | undefined;
  #surveying: Promise<void> | undefined;
  #holes: readonly Damage[] = [];

  constructor(
    extent: SealedSegment,
    home: SegmentHome,
    known: { readonly index?: SparseIndex; readonly holes?: readonly Damage[] } = {},
  ) {
    this.#home = home;
    this.id = extent.id;
    this.base = extent.base;
    this.end = extent.end;
    this.bytes = extent.bytes;
    this.file = names.segment(extent.base.index + 1, extent.id);
    this.#index = known.index;
    this.#holes = known.holes ?? [];
  }

  /** The name of the index's file. */
  get indexFile(): string {
    return names.sparseIndex(this.base.index + 1, this.id);
  }

  /** The names of all that is on disk of this segment. */
  get files(): readonly string[] {
    return [this.file, this.indexFile];
  }

  get isEmpty(): boolean {
    return this.end.index === this.base.index;
  }

  /** What is known to be unreadable. */
  get holes(): readonly Damage[] {
    return this.#holes;
  }

  /** When the first batch was appended, in ms; `undefined` where there is none, or the index is not loaded. */
  get firstTime(): number | undefined {
    return this.#index?.firstTime;
  }

  /** Memory that the index takes; 0 while it is not loaded. */
  get indexBytes(): number {
    return this.#index?.byteLength ?? 0;
  }

  /** What stands in the first 64 bytes of the file. */
  get header(): SegmentHeader {
    const { id, base } = this;
    return { ...this.#home.identity, id, baseIndex: base.index + 1, baseOffset: base.nextOffset };
  }

  /** What a survey of it starts from. */
  get surveyed(): SurveyedSegment {
    const known = { position: this.bytes, end: this.end };
    return {
      header: this.header,
      base: this.base,
      known,
      until: this.bytes,
      path: this.#home.directory.pathOf(this.file),
    };
  }

  /** What the manifest says of the segment, once it is sealed. */
  describe(): SealedSegment {
    return { id: this.id, base: positionOf(this.base), end: positionOf(this.end), bytes: this.bytes };
  }

  /** Moves the end behind batches, at least one, that are now synced. */
  extend(group: readonly { readonly bytes: number; readonly end: LogPosition }[]): void {
    let before = this.end;
    for (const { bytes, end } of group) {
      // Not from the batch: its owner may have changed it since it was written.
      if (this.#index?.isDue(this.bytes)) {
        const { index, appendTime: time } = end;
        this.#index.add({ index, offset: before.nextOffset, position: this.bytes, time });
      }
      this.bytes += bytes;
      before = end;
    }
    this.end = positionOf(before);
  }

  /** The segment as it is when everything behind a batch boundary is gone. */
  cutAt({ position, previous }: ScanPoint): Segment {
    const index = new SparseIndex(this.base);
    for (const entry of this.#index?.entries() ?? []) if (entry.position < position) index.add(entry);
    index.shrink();
    const holes = this.#holes
      .filter((hole) => hole.position < position && hole.firstIndex <= previous.index + 1)
      .map((hole) => ({ ...hole, lastIndex: Math.min(hole.lastIndex, previous.index) }))
      .filter((hole) => hole.position < segmentHeaderBytes || hole.lastIndex >= hole.firstIndex);
    const extent = { id: this.id, base: this.base, end: previous, bytes: position };
    const known = this.#index === undefined ? { holes } : { holes, index };
    return new Segment(extent, this.#home, known);
  }

  /** The header of the first batch of a hole, where only the batch's body is damaged. */
  async intactHeader({ firstIndex, position }: Damage): Promise<Buffer | undefined> {
    if (position < segmentHeaderBytes) return undefined;
    const header = await this.#withFile((file) => readRange(file, position, headerBytes));
    return isHeaderOf(header, firstIndex, this.bytes - position) ? header : undefined;
  }

  /** Reads the whole segment, to know its index and its holes. Those who ask at the same time share one reading. */
  survey(): Promise<void> {
    this.#surveying ??= this.#readThrough().finally(() => {
      this.#surveying = undefined;
    });
    return this.#surveying;
  }

  /**
   * Writes the index beside the segment, for the next start. It is a cache: when it cannot be written, the next reader walks the
   * segment instead.
   */
  async saveIndex(): Promise<void> {
    if (this.#index === undefined) return;
    this.#index.shrink();
    const { directory } = this.#home;
    const bytes = this.#index.encode(this.id);
    // A cache cut short fails its checksum, and is not used.
    await reclaim(async () => {
      await directory.removeIfThere(this.indexFile);
      const file = await directory.open(this.indexFile, 'create');
      try {
        directory.write(file, this.indexFile, [bytes], 0);
      } finally {
        await letGo(file);
      }
    });
  }

  /** Gives back the space behind the end of a segment that was cut, and drops its index, which may lead there. */
  async shorten(): Promise<void> {
    const { directory } = this.#home;
    await reclaim(async () => {
      await directory.removeIfThere(this.indexFile);
      const file = await directory.open(this.file, 'write');
      try {
        await file.resize(this.bytes);
      } finally {
        await letGo(file);
      }
    });
  }

  /**
   * Finds a batch.
   *
   * @returns the boundary before it, or the segment's end when the segment has no such batch
   * @throws LogError `damaged` when it lies in a hole
   */
  async locate(target: Target): Promise<ScanPoint> {
    // Who reads the whole log through, as a scrub does, takes no index into memory for it.
    if ('index' in target && target.index === this.base.index + 1) {
      return { position: segmentHeaderBytes, previous: this.base };
    }
    let found = await this.#walkTo(target);
    if (found.problem !== undefined) {
      // The index leads to something unreadable: find out where that ends, and look again.
      await this.#surveyUnlessKnown(found.previous.index + 1);
      found = await this.#walkTo(target);
    }
    if (found.problem !== undefined) this.#throwDamaged(found.previous.index + 1, found.problem);
    return found;
  }

  /**
   * The point behind a batch.
   *
   * @param index from `base.index` to `end.index`
   */
  async positionAt(index: number): Promise<ScanPoint> {
    if (index === this.base.index) return { position: segmentHeaderBytes, previous: this.base };
    if (index === this.end.index) return { position: this.bytes, previous: this.end };
    const { position } = await this.locate({ index });
    const readHeader = async (): Promise<Buffer | undefined> => {
      const header = await this.#withFile((file) => readRange(file, position, headerBytes));
      return isHeaderOf(header, index, this.bytes - position) ? header : undefined;
    };
    const header = await this.#readTwice(index, readHeader);
    return { position: position + lengthOf(header), previous: positionAfter(header, 0) };
  }

  /**
   * Reads whole batches from a boundary on: at least one, then as many as `maxBytes` holds.
   *
   * @param from before `end`
   * @param throughIndex the last batch to read
   * @throws LogError `damaged` when the first of them cannot be read
   */
  async read(from: ScanPoint, maxBytes: number, throughIndex: number): Promise<BatchRun> {
    return await this.#readTwice(from.previous.index + 1, async () => {
      const run = await this.#readRun(from, maxBytes, throughIndex);
      if (run === undefined) return undefined;
      const { at, previous } = walkBodies(run, from);
      if (at === run.bytes.length) return run;
      return at === 0
        ? undefined
        : { bytes: run.bytes.subarray(0, at), next: { position: from.position + at, previous } };
    });
  }

  /** Like `read`, but the bodies are not checksummed: nothing may leave the log before {@link isIntact} has said so. */
  async readUnchecked(from: ScanPoint, maxBytes: number, throughIndex: number): Promise<BatchRun> {
    return await this.#readTwice(from.previous.index + 1, () => this.#readRun(from, maxBytes, throughIndex));
  }

  /** Reads, and where that brings nothing, finds out what is damaged, and reads again: the disk may have failed just once. */
  async #readTwice<T>(index: number, read: () => Promise<T | undefined>): Promise<T> {
    const first = await read();
    if (first !== undefined) return first;
    await this.#surveyUnlessKnown(index);
    return (
      (await read()) ??
      this.#throwDamaged(index, 'it was whole when it was read to be checked, and is not when it is read to be used')
    );
  }

  /** Finds out what is damaged from a batch on, but for where a hole is known to begin: who asks for it often must not read it all each time. */
  async #surveyUnlessKnown(index: number): Promise<void> {
    if (this.#holeAt(index)?.firstIndex !== index) await this.survey();
  }

  /** @returns `undefined` where the first batch cannot be read */
  async #readRun(from: ScanPoint, maxBytes: number, throughIndex: number): Promise<BatchRun | undefined> {
    const segmentRest = this.bytes - from.position;
    const readBytes = (length: number) => this.#withFile((file) => readRange(file, from.position, length));
    let bytes = await readBytes(Math.min(Math.max(maxBytes, headerBytes), segmentRest, readBytesMax));
    const firstBytes = bytes.length < headerBytes ? 0 : Math.min(lengthOf(bytes), segmentRest);
    if (firstBytes > bytes.length) bytes = await readBytes(firstBytes);
    const { at, previous, why } = walk(bytes, from.previous, {
      segmentRest,
      checkBodies: false,
      visit: (batch) => (indexOf(bytes, batch) > throughIndex ? 'stop' : undefined),
    });
    if (at > 0 || why === 'stop') {
      return { bytes: bytes.subarray(0, at), next: { position: from.position + at, previous } };
    }
    return undefined;
  }

  async #walkTo(target: Target): Promise<ScanEnd> {
    const index = await this.#loadIndex();
    const start = lookUp(index, target);
    const from = {
      position: start.position,
      // An entry does not hold the term before it, but the segment's first bounds it from below.
      previous: { ...this.base, index: start.index - 1, nextOffset: start.offset },
    };
    const isTarget = (bytes: Buffer, at: number): boolean => {
      if ('index' in target) return indexOf(bytes, at) >= target.index;
      if ('offset' in target) return nextOffsetOf(bytes, at) > target.offset;
      return appendTimeOf(bytes, at) >= target.time;
    };
    return await this.#withFile((file) =>
      scan(file, from, {
        until: this.bytes,
        windowBytes: seekWindowBytes,
        checkBodies: false,
        visit: (bytes, at) => (isTarget(bytes, at) ? 'stop' : undefined),
      }),
    );
  }

  /** The index, from memory, from its file, or made anew. */
  async #loadIndex(): Promise<SparseIndex> {
    if (this.#index !== undefined) return this.#index;
    // A cache: what cannot be read is made anew.
    const cached = await this.#home.directory.readAround(this.indexFile).catch(() => undefined);
    this.#index ??= cached && SparseIndex.decode(cached, this.id, this.base, this.bytes);
    if (this.#index === undefined) {
      await this.survey();
      await this.saveIndex();
    }
    return this.#index ?? new SparseIndex(this.base);
  }

  async #readThrough(): Promise<void> {
    const surveyed = this.surveyed;
    try {
      const { index, holes } = await this.#home.pool.use(this.file, (file) => survey(file, surveyed));
      // The active segment may have grown meanwhile.
      for (const entry of this.#index?.entries() ?? []) if (entry.position >= surveyed.until) index.add(entry);
      this.#index = index;
      this.#holes = holes;
    } catch (error) {
      if (!isMissing(error)) throw this.#readError(error);
      this.#holes = [wholeSegment(surveyed, 'the file is missing')];
    }
  }

  async #withFile<T>(read: (file: OpenFile) => Promise<T>): Promise<T> {
    return await this.#home.pool.use(this.file, read).catch(async (error: unknown) => {
      if (!isMissing(error)) throw this.#readError(error);
      await this.survey();
      return this.#throwDamaged(this.base.index + 1, 'the file was missing, and is there again');
    });
  }

  #readError(error: unknown): LogError {
    return fileError(error, `read ${this.file}`, this.#home.directory.pathOf(this.file));
  }

  #holeAt(index: number): Damage | undefined {
    const hole = this.#holes.find(({ firstIndex, lastIndex }) => firstIndex <= index && index <= lastIndex);
    return hole && { ...hole };
  }

  /** @param otherwise what is wrong if no damage is known there */
  #throwDamaged(index: number, otherwise: string): never {
    const damage = this.#holeAt(index);
    if (damage === undefined) throw this.#readError(new Error(`the batch of index ${index}: ${otherwise}. Read again`));
    throw new LogError(
      'damaged',
      `cannot read the batches from index ${damage.firstIndex} to ${damage.lastIndex} in ${this.#home.directory.pathOf(this.file)}: ${damage.reason}. Mend them from a replica; nothing was cut`,
      { damage, path: this.#home.directory.pathOf(this.file) },
    );
  }
}

/** Whether the bodies of a run, too, are what they were. */
export function isIntact(run: BatchRun, from: ScanPoint): boolean {
  return walkBodies(run, from).at === run.bytes.length;
}

function walkBodies({ bytes }: BatchRun, from: ScanPoint): WalkEnd {
  return walk(bytes, from.previous, { segmentRest: bytes.length, checkBodies: true });
}

function lookUp(index: SparseIndex, target: Target): IndexEntry {
  if ('index' in target) return index.floorByIndex(target.index);
  return 'offset' in target ? index.floorByOffset(target.offset) : index.floorByTime(target.time);
}

function isMissing(error: unknown): boolean {
  return error instanceof LogError && hasErrorCode(error.cause, 'ENOENT');
}
