import { inspect } from 'node:util';
import { LogError } from './errors.js';
import { Generation } from './generation.js';
import type { ScanPoint } from './scan.js';
import { type BatchRun, isIntact, type Segment, type Target } from './segment.js';
import type { SegmentSet } from './segment-set.js';

/**
 * Where to begin: at the log's start, behind its end, or at a batch; see {@link Target}. A time that nothing was appended at or after
 * is the end: who follows from there gets whatever is appended next, even if that is before this time.
 */
export type ReadFrom = 'start' | 'end' | Target | Cursor;

/**
 * Where a read goes on: at an index, which the next read finds without searching. Refused once a truncation or a reset has taken what
 * stood before it, even if other batches took its place. Once the log was closed, or the cursor copied, only its index counts.
 */
export interface Cursor {
  readonly index: number;
  /** Not for callers. */
  readonly place?: { readonly segmentId: number; readonly point: ScanPoint; readonly generation: Generation };
}

export interface ReadRequest {
  readonly from: ReadFrom;
  /** How many bytes of batches to return, unless the first batch alone is longer; 1 up. 1 MiB unless told. */
  readonly maxBytes?: number;
  /** The last index to return, such as the commit index. The last durable one unless told. */
  readonly throughIndex?: number;
}

/** Batches as they were appended, back to back. */
export interface Slice {
  /** Whole batches, checksummed as they were read; the caller's own. Empty at the end of the log. */
  readonly bytes: Buffer;
  /** Where to read on. */
  readonly next: Cursor;
}

/** A batch boundary, and the segment it is in. */
interface Place {
  readonly segment: Segment;
  readonly point: ScanPoint;
}

/** What was read, and since when it has been so. */
interface Found extends Place {
  readonly generation: Generation;
  readonly run: BatchRun;
}

const maxBytesDefault = 1 << 20;

/** Finds batches in the segments, and reads them. */
export class Reader {
  readonly #segments: SegmentSet;

  constructor(segments: SegmentSet) {
    this.#segments = segments;
  }

  /**
   * Reads whole batches from a point on.
   *
   * @throws LogError `out-of-range` for a point the log does not have, `damaged` when the first batch from it cannot be read
   */
  async read(request: ReadRequest): Promise<Slice> {
    return sliceOf(await this.#read(request, (from, ...limits) => from.segment.read(from.point, ...limits)));
  }

  /**
   * Like `read`, but the bodies are not checksummed yet, so that the next read can begin before that is done.
   *
   * @returns the batches, to be handed out only if `isGood` says so: they are what was stored, and still in the log
   */
  async readUnchecked(request: ReadRequest): Promise<{ readonly slice: Slice; readonly isGood: () => boolean }> {
    const found = await this.#read(request, (from, ...limits) => from.segment.readUnchecked(from.point, ...limits));
    const { run, point, generation } = found;
    const isGood = (): boolean => generation.stands(run.next.previous.index) && isIntact(run, point);
    return { slice: sliceOf(found), isGood };
  }

  async #read(
    { from, maxBytes = maxBytesDefault, throughIndex = Number.POSITIVE_INFINITY }: ReadRequest,
    readRun: (from: Place, maxBytes: number, throughIndex: number) => Promise<BatchRun>,
  ): Promise<Found> {
    if (typeof maxBytes !== 'number' || !(maxBytes >= 1)) {
      throw new LogError('settings', `maxBytes: expected a number from 1 up, got ${inspect(maxBytes)}`);
    }
    if (typeof throughIndex !== 'number' || Number.isNaN(throughIndex)) {
      throw new LogError('settings', `throughIndex: expected an index, got ${inspect(throughIndex)}`);
    }
    let target = this.#targetOf(from);
    for (;;) {
      const { generation } = this.#segments;
      requireStanding(from);
      const segment = this.#segmentOf(target);
      try {
        const point = placeIn(segment, target) ?? (await segment.locate(target));
        const place = { segment, point, generation };
        if (point.previous.index < this.#segments.start.index && 'time' in target) {
          // What was trimmed is not found by its time, even where its bytes are still there.
          target = { index: this.#segments.start.index + 1 };
        } else if (point.position < segment.bytes) {
          return { ...place, run: await readRun(place, maxBytes, throughIndex) };
        } else if (segment === this.#segments.active) {
          return { ...place, run: { bytes: Buffer.alloc(0), next: point } };
        } else {
          target = { index: segment.end.index + 1 };
        }
      } catch (error) {
        // It was trimmed, truncated or mended while it was read: look again.
        if (this.#segments.all.includes(segment)) throw error;
      }
    }
  }

  /**
   * The point behind a batch, with its place in the file.
   *
   * @param index from that before the first batch still on disk to the last durable one
   */
  async pointAfter(index: number): Promise<Place> {
    for (;;) {
      requireRange('index', index, this.#segments.all[0]!.base.index, this.#segments.end.index);
      const segment = this.#segments.firstWhere((end) => end.index >= index);
      try {
        return { segment, point: await segment.positionAt(index) };
      } catch (error) {
        if (this.#segments.all.includes(segment)) throw error;
      }
    }
  }

  /** The term of a batch; see {@link pointAfter} for the range. Reads the disk only where a segment holds several terms. */
  async termAt(index: number): Promise<number> {
    requireRange('index', index, this.#segments.all[0]!.base.index, this.#segments.end.index);
    const { base, end } = this.#segments.firstWhere((last) => last.index >= index);
    if (index === base.index) return base.term;
    return base.term === end.term || index === end.index
      ? end.term
      : (await this.pointAfter(index)).point.previous.term;
  }

  #targetOf(from: ReadFrom): Target | Cursor {
    const { start, end } = this.#segments;
    if (from === 'start') return { index: start.index + 1 };
    if (from === 'end') return { index: end.index + 1 };
    // Everything that can be found is as late as that: what was trimmed need not be readable.
    if (typeof from === 'object' && from !== null && 'time' in from && isUpTo(from.time, start.appendTime))
      return { index: start.index + 1 };
    if (typeof from === 'object' && from !== null && ('index' in from || 'offset' in from || 'time' in from))
      return from;
    const expected = `'start', 'end', a cursor, { index }, { offset } or { time }`;
    throw new LogError('settings', `from: expected ${expected}, got ${inspect(from)}`);
  }

  /** The segment to look in: the first that ends behind the target, or the active one. */
  #segmentOf(target: Target): Segment {
    const { start, end, all } = this.#segments;
    if ('index' in target) {
      requireRange('index', target.index, all[0]!.base.index + 1, end.index + 1);
      return this.#segments.firstWhere((last) => last.index >= target.index);
    }
    if ('offset' in target) {
      requireRange('offset', target.offset, start.nextOffset, end.nextOffset);
      return this.#segments.firstWhere((last) => last.nextOffset > target.offset);
    }
    if (!Number.isFinite(target.time))
      throw new LogError('out-of-range', `time: expected milliseconds since 1970, got ${target.time}`);
    return this.#segments.firstWhere((last) => last.appendTime >= target.time);
  }
}

function isUpTo(time: number, last: number): boolean {
  return Number.isFinite(time) && time <= last;
}

function placeIn(segment: Segment, target: Target | Cursor): ScanPoint | undefined {
  const place = 'place' in target ? target.place : undefined;
  // Ids are never used twice, and a segment that was truncated ends before what is gone: a place that is still inside is still good,
  // as long as what stood before it stands.
  return place?.segmentId === segment.id && place.point.position <= segment.bytes ? place.point : undefined;
}

/** @throws LogError `out-of-range` for a cursor whose reader has read what is gone */
function requireStanding(from: ReadFrom): void {
  const generation = typeof from === 'object' && 'place' in from ? from.place?.generation : undefined;
  // A copy is not the generation itself.
  if (!(generation instanceof Generation)) return;
  const { index } = from as Cursor;
  if (generation.stands(index - 1)) return;
  const message = `the log was truncated or reset, and what was read before index ${index} is no longer what it holds: read again from where you know what you have`;
  throw new LogError('out-of-range', message, { requested: index });
}

function sliceOf({ segment, run: { bytes, next }, generation }: Found): Slice {
  return { bytes, next: { index: next.previous.index + 1, place: { segmentId: segment.id, point: next, generation } } };
}

function requireRange(what: string, requested: number, first: number, last: number): void {
  if (Number.isSafeInteger(requested) && requested >= first && requested <= last) return;
  throw new LogError('out-of-range', `${what}: the log has ${first} to ${last}, asked for ${requested}`, {
    requested,
    first,
    last,
  });
}
