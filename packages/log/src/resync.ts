import { BatchError, baseOffsetOf, checkHeader, headerBytes, indexOf, lengthOf } from '@commitlog/record';
import type { OpenFile } from '@commitlog/runtime';
import type { LogPosition } from './position.js';
import { readRange, type ScanPoint, scan } from './scan.js';
import { positionAfter, sequenceProblem } from './sequence.js';

const windowBytes = 1 << 20;
/** How much is read at a time on the way from header to header: small, since a chain may break at once. */
const hopBytes = 4096;

/** A batch boundary that is known for certain, behind the bad bytes: the end of a segment, or what SYNCED says. */
export interface KnownEnd {
  readonly position: number;
  readonly end: LogPosition;
}

/**
 * Finds where a segment can be read again behind a bad batch.
 *
 * When the batch's header is good, that is where its length says. When not, the bytes behind are searched for a header, and one is
 * believed only if the batches from it on lead, without a gap, to the boundary that is known. A record's value can contain
 * something that looks like a batch, but such an impostor stands inside a batch of the log, and would have to bear a higher index
 * than the batch around it: the next real one then breaks its chain.
 *
 * @param bad where the bad batch starts, at or before `known.position`
 * @returns the boundary from which on batches follow again; `known` itself when there is none before it
 */
export async function resync(file: OpenFile, bad: ScanPoint, known: KnownEnd): Promise<ScanPoint> {
  const behind = await behindGoodHeader(file, bad, known);
  if (behind !== undefined) return behind;
  /** Boundaries from which the chain is known to break. */
  const refuted = new Set<number>();
  for await (const candidate of headersBehind(file, bad, known)) {
    if (refuted.has(candidate.position)) continue;
    // The body last: an impostor can claim any length, and whoever filled a value with impostors would have each body read.
    if ((await leadsToEnd(file, candidate, known, refuted)) && (await isWhole(file, candidate, known)))
      return candidate;
    refuted.add(candidate.position);
  }
  return { position: known.position, previous: known.end };
}

/**
 * Walks from a candidate from header to header, and says whether that leads to the boundary that is known. No position is walked twice:
 * those from which it does not are added to `refuted`.
 */
async function leadsToEnd(
  file: OpenFile,
  candidate: ScanPoint,
  known: KnownEnd,
  refuted: Set<number>,
): Promise<boolean> {
  const positions: number[] = [];
  let [position, previous] = [candidate.position, candidate.previous];
  let bytes: Buffer = Buffer.alloc(0);
  let start = position;
  while (position < known.position) {
    if (position + headerBytes > start + bytes.length) {
      bytes = await readRange(file, position, Math.min(hopBytes, known.position - position));
      start = position;
    }
    const at = position - start;
    const follows =
      isHeader(bytes, at, known.position - position) && sequenceProblem(previous, bytes, at) === undefined;
    if (!follows || refuted.has(position)) break;
    positions.push(position);
    position += lengthOf(bytes, at);
    previous = positionAfter(bytes, at);
  }
  if (position === known.position && previous.index === known.end.index) return true;
  for (const found of positions) refuted.add(found);
  return false;
}

/** Whether the body, too, is good: an impostor may end where a real batch does, but its checksum covers bytes that were not its author's. */
async function isWhole(file: OpenFile, candidate: ScanPoint, known: KnownEnd): Promise<boolean> {
  const header = await readRange(file, candidate.position, headerBytes);
  const until = candidate.position + lengthOf(header);
  const { position } = await scan(file, candidate, { until, checkBodies: true });
  return position === until && until <= known.position;
}

/** The boundary behind a batch whose body is bad and whose header is not. */
async function behindGoodHeader(file: OpenFile, bad: ScanPoint, known: KnownEnd): Promise<ScanPoint | undefined> {
  const header = await readRange(file, bad.position, headerBytes);
  if (!isHeader(header, 0, known.position - bad.position)) return undefined;
  const after = positionAfter(header, 0);
  if (after.index !== bad.previous.index + 1 || after.index > known.end.index) return undefined;
  return { position: bad.position + lengthOf(header, 0), previous: after };
}

/** Everything behind `bad` that looks like the header of a later batch, in the order of the file. */
async function* headersBehind(file: OpenFile, bad: ScanPoint, known: KnownEnd): AsyncGenerator<ScanPoint> {
  const [lowest, highest] = [bad.previous.index + 2, known.end.index];
  for (let position = bad.position + 1; position < known.position; position += windowBytes) {
    // The windows overlap by a header less a byte, so that none is cut in two.
    const bytes = await readRange(file, position, Math.min(windowBytes + headerBytes - 1, known.position - position));
    for (let at = 0; at < Math.min(windowBytes, bytes.length - headerBytes + 1); at += 1) {
      // Nearly every position ends here, before the costly checksum.
      const index = bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 12) * 2 ** 32;
      if (index < lowest || index > highest || !isHeader(bytes, at, known.position - position - at)) continue;
      yield { position: position + at, previous: before(bytes, at, bad.previous) };
    }
  }
}

/** Whether these bytes start with a good header, and the batch of that index. */
export function isHeaderOf(bytes: Buffer, index: number, batchBytesMax: number): boolean {
  return isHeader(bytes, 0, batchBytesMax) && indexOf(bytes) === index;
}

function isHeader(bytes: Buffer, at: number, batchBytesMax: number): boolean {
  if (bytes.length - at < headerBytes) return false;
  const length = lengthOf(bytes, at);
  if (length < headerBytes || length > batchBytesMax) return false;
  try {
    checkHeader(bytes, at, { batchBytesMax });
    return true;
  } catch (error) {
    if (error instanceof BatchError) return false;
    throw error;
  }
}

/** The point before a batch that nothing good stands before: its term and time can only be bounded from below. */
function before(bytes: Buffer, at: number, lowest: LogPosition): LogPosition {
  return { ...lowest, index: indexOf(bytes, at) - 1, nextOffset: baseOffsetOf(bytes, at) };
}
