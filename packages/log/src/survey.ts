import { headerBytes } from '@commitlog/record';
import type { OpenFile } from '@commitlog/runtime';
import type { Damage } from './damage.js';
import { fileError } from './errors.js';
import { type SegmentHeader, segmentHeaderBytes, segmentHeaderProblem } from './format/segment-header.js';
import { names } from './layout.js';
import type { LogPosition } from './position.js';
import { type KnownEnd, resync } from './resync.js';
import { readExactly, readRange, type ScanEnd, type ScanOptions, type ScanPoint, scan } from './scan.js';
import { entryOf, SparseIndex } from './sparse-index.js';

/** What to read, and what is known of it beforehand. */
export interface SurveyedSegment {
  /** What must stand in the file's header. */
  readonly header: SegmentHeader;
  /** The point before the first batch. */
  readonly base: LogPosition;
  /** A boundary up to which the segment was whole once: its end, or how far the active one was synced. */
  readonly known: KnownEnd;
  /** Where the file's bytes end; there may be batches behind the known boundary. */
  readonly until: number;
  /** The file's path, for messages. */
  readonly path: string;
}

/** What reading a whole segment has shown. */
export interface Survey {
  readonly index: SparseIndex;
  /** The stretches that cannot be read, in their order. */
  readonly holes: readonly Damage[];
  /** The boundary behind the last batch that belongs to the log. */
  readonly end: ScanPoint;
}

/** Called in the order of the file. */
export interface SurveyVisitor {
  /** A good batch, at `at` in `bytes` and at `position` in the file. */
  readonly batch?: (bytes: Buffer, at: number, position: number) => void;
}

/**
 * Reads a segment from its header to its end, around whatever is damaged. A bad batch below the known boundary is a hole: it was whole
 * once. A bad one at or above it was being written when the power went, and since pages of one write reach the disk in any order,
 * nothing behind it counts. That takes bytes that were read: where the disk cannot read, nobody knows what was written.
 *
 * @throws LogError `newer-format` when a later version wrote the segment, `io` when it cannot be read at or above the known boundary
 */
export async function survey(file: OpenFile, segment: SurveyedSegment, visitor: SurveyVisitor = {}): Promise<Survey> {
  const { base, known, until, path } = segment;
  const index = new SparseIndex(base);
  const holes: Damage[] = [];
  const found = segmentHeaderProblem(await readRange(file, 0, segmentHeaderBytes), segment.header, path);
  if (found?.isForeign)
    return {
      index,
      holes: [wholeSegment(segment, found.reason)],
      end: { position: known.position, previous: known.end },
    };
  // A garbled header costs no batch: what it says is in the manifest, too.
  if (found !== undefined) holes.push({ ...wholeSegment(segment, found.reason), lastIndex: base.index });
  let from: ScanPoint = { position: segmentHeaderBytes, previous: base };
  let isBehindHole = false;
  for (;;) {
    const options = {
      until: Math.max(until, known.position),
      checkBodies: true,
      visit: (bytes: Buffer, at: number, position: number) => {
        // Whoever looks for something behind a hole must not have to walk through it.
        if (isBehindHole) index.add(entryOf(position, bytes, at));
        else index.offer(position, bytes, at);
        isBehindHole = false;
        visitor.batch?.(bytes, at, position);
        return undefined;
      },
    };
    let end = await scan(file, from, options);
    if (end.problem !== undefined && end.position >= known.position) end = await scanExactly(file, end, options, path);
    const { problem, ...stopped } = end;
    const reason = stopped.position < known.position ? problem : missingEnd(stopped, known);
    if (reason === undefined) {
      index.shrink();
      return { index, holes, end: stopped };
    }
    from = await resync(file, stopped, known);
    const lastIndex = from.previous.index;
    const last = holes.at(-1);
    // Two bad batches side by side are one hole: where the first ends is not known for certain.
    if (isBehindHole && last !== undefined) holes[holes.length - 1] = { ...last, lastIndex };
    else
      holes.push({
        ...wholeSegment(segment, reason),
        firstIndex: stopped.previous.index + 1,
        lastIndex,
        position: stopped.position,
      });
    isBehindHole = true;
  }
}

/** Goes on with a scan where it stopped, header by header and body by body, so that no more is read than what it depends on. */
async function scanExactly(file: OpenFile, from: ScanPoint, options: ScanOptions, path: string): Promise<ScanEnd> {
  try {
    return await scan(file, from, { ...options, windowBytes: headerBytes, read: readExactly });
  } catch (error) {
    const doing = `read the segment behind byte ${from.position}, where a torn write cannot be told from lost records`;
    throw fileError(error, doing, path);
  }
}

/** The damage of a segment none of whose batches can be read. */
export function wholeSegment({ header, known }: Pick<SurveyedSegment, 'header' | 'known'>, reason: string): Damage {
  const file = names.segment(header.baseIndex, header.id);
  return { segmentId: header.id, file, firstIndex: header.baseIndex, lastIndex: known.end.index, position: 0, reason };
}

/** Good batches all the way, and still not those that were there once. */
function missingEnd(stopped: ScanPoint, known: KnownEnd): string | undefined {
  if (stopped.previous.index >= known.end.index) return undefined;
  return `expected batches up to index ${known.end.index}, found them up to ${stopped.previous.index}`;
}
