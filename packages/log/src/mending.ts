import { inspect } from 'node:util';
import { indexOf } from '@commitlog/record';
import type { OpenFile } from '@commitlog/runtime';
import { LogError } from './errors.js';
import { segmentHeaderBytes } from './format/segment-header.js';
import type { LogPosition } from './position.js';
import { letGo, reclaim } from './reclaim.js';
import { Segment, type SegmentHome } from './segment.js';
import { createSegment } from './segment-set.js';
import { SparseIndex } from './sparse-index.js';
import { walk } from './walk.js';

/**
 * Where the missing batches come from, such as a peer: stamped ones, from `firstIndex` to `lastIndex` without a gap, in pieces of any
 * number of whole batches. The pieces must not change until the next one is asked for.
 */
export type FetchBatches = (firstIndex: number, lastIndex: number) => AsyncIterable<Buffer>;

/**
 * Writes a copy of a damaged segment in which the holes are filled. It is no part of the log before the manifest says so.
 *
 * @throws LogError `mend` when what was fetched does not fill the hole, or the copy does not end where the damaged segment does
 */
export async function mendSegment(
  home: SegmentHome,
  damaged: Segment,
  id: number,
  fetch: FetchBatches,
): Promise<Segment> {
  // What is damaged may have grown since it was found.
  await damaged.survey();
  const { segment: empty, file } = await createSegment(home, id, damaged.base);
  try {
    const copy = new SegmentCopy(home, file, empty);
    for (const hole of damaged.holes) {
      if (hole.lastIndex < hole.firstIndex) continue;
      await copy.takeFrom(damaged, hole.firstIndex - 1);
      const header = await damaged.intactHeader(hole);
      for await (const bytes of fetch(hole.firstIndex, hole.lastIndex)) {
        if (!Buffer.isBuffer(bytes)) {
          throw new LogError('mend', `expected batches in a Buffer from fetch, got ${inspect(bytes, { depth: 0 })}`);
        }
        if (header !== undefined) copy.requireNext(header, bytes, hole.firstIndex);
        copy.take(bytes, hole.lastIndex);
      }
      copy.requireEnd({ index: hole.lastIndex }, 'the batches that were fetched');
    }
    await copy.takeFrom(damaged, damaged.end.index);
    copy.requireEnd(damaged.end, 'the mended segment');
    await home.directory.sync(file, empty.file);
    return copy.finish();
  } catch (error) {
    await reclaim(() => home.directory.removeIfThere(empty.file));
    throw error;
  } finally {
    await letGo(file);
  }
}

/** A segment file that is being written batch after batch, each checked as if it came from a stranger. */
class SegmentCopy {
  readonly #home: SegmentHome;
  readonly #file: OpenFile;
  readonly #segment: Segment;
  readonly #index: SparseIndex;
  #end: LogPosition;
  #bytes = segmentHeaderBytes;

  constructor(home: SegmentHome, file: OpenFile, segment: Segment) {
    this.#home = home;
    this.#file = file;
    this.#segment = segment;
    this.#index = new SparseIndex(segment.base);
    this.#end = segment.base;
  }

  /** Copies the batches of a segment from where the copy ends up to an index. */
  async takeFrom(source: Segment, throughIndex: number): Promise<void> {
    while (this.#end.index < throughIndex) {
      const from = await source.locate({ index: this.#end.index + 1 });
      const { bytes } = await source.read(from, copyBytes, throughIndex);
      this.take(bytes, throughIndex);
    }
  }

  /** Appends whole batches, none of them behind `throughIndex`. */
  take(bytes: Buffer, throughIndex: number): void {
    const { at, previous, problem } = walk(bytes, this.#end, {
      segmentRest: bytes.length,
      checkBodies: true,
      visit: (batch) => {
        if (indexOf(bytes, batch) > throughIndex) return 'stop';
        this.#index.offer(this.#bytes + batch, bytes, batch);
        return undefined;
      },
    });
    if (at < bytes.length) {
      const found = problem ?? `batches behind index ${throughIndex}, or half of one`;
      throw new LogError(
        'mend',
        `cannot mend ${this.#segment.file} behind index ${previous.index}: ${found}. Fetch the batches from another replica`,
      );
    }
    this.#home.directory.write(this.#file, this.#segment.file, [bytes], this.#bytes);
    this.#bytes += bytes.length;
    this.#end = previous;
  }

  /** Of a batch whose body alone is damaged, the header tells which one it was: its checksum covers the body's. */
  requireNext(header: Buffer, bytes: Buffer, index: number): void {
    if (this.#end.index !== index - 1 || header.compare(bytes, 0, header.length) === 0) return;
    throw new LogError(
      'mend',
      `the batch that was fetched for index ${index} is not the one that is damaged: the other replica has another log`,
    );
  }

  requireEnd(expected: Partial<LogPosition>, what: string): void {
    for (const [field, value] of Object.entries(expected)) {
      const found = this.#end[field as keyof LogPosition];
      if (found === value) continue;
      throw new LogError(
        'mend',
        `${what} must end with ${field} ${value}, found ${found}: the other replica has another log, or not all of it`,
      );
    }
  }

  finish(): Segment {
    this.#index.shrink();
    const { id, base } = this.#segment;
    return new Segment({ id, base, end: this.#end, bytes: this.#bytes }, this.#home, { index: this.#index });
  }
}

const copyBytes = 1 << 20;
