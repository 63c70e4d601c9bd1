import { lengthOf } from '@commitlog/record';
import { hasErrorCode, type OpenFile } from '@commitlog/runtime';
import type { LogPosition } from './position.js';
import { type WalkEnd, walk } from './walk.js';

const defaultWindowBytes = 1 << 20;

/** A batch boundary in a segment file. */
export interface ScanPoint {
  /** Bytes from the start of the file. */
  readonly position: number;
  /** What is known of the log before it: the next batch must follow this. */
  readonly previous: LogPosition;
}

/** Where a scan stopped. */
export interface ScanEnd extends ScanPoint {
  /** Why the bytes at `position` are not the next batch; `undefined` when the scan ended where it should, or was told to stop. */
  readonly problem?: string;
}

export interface ScanOptions {
  /** How much to read at a time, at least a batch header's length; 1 MiB unless told. */
  readonly windowBytes?: number;
  /** The file's bytes up to here belong to the segment. */
  readonly until: number;
  /** Whether bodies are checksummed, too; headers always are. */
  readonly checkBodies: boolean;
  /** How to read; {@link readRange} unless told. */
  readonly read?: typeof readRange;
  /** Called for each good batch, at `at` in `bytes` and at `position` in the file. Returns `'stop'` to end the scan before that batch. */
  readonly visit?: (bytes: Buffer, at: number, position: number) => 'stop' | undefined;
}

/** Walks the batches of a segment file, window by window, from a known boundary to the first that is not good. See {@link walk}. */
export async function scan(file: OpenFile, from: ScanPoint, options: ScanOptions): Promise<ScanEnd> {
  const { until, checkBodies, visit, windowBytes = defaultWindowBytes, read = readRange } = options;
  let { position, previous } = from;
  let wanted = windowBytes;
  while (position < until) {
    const start = position;
    const bytes = await read(file, start, Math.min(wanted, until - start));
    const walked: WalkEnd = walk(bytes, previous, {
      segmentRest: until - start,
      checkBodies,
      visit: visit && ((at) => visit(bytes, at, start + at)),
    });
    position = start + walked.at;
    previous = walked.previous;
    if (walked.why === 'stop') return { position, previous };
    if (walked.problem !== undefined) return { position, previous, problem: walked.problem };
    const isLast = bytes.length < wanted;
    if (isLast && position < until) {
      const problem = `expected whole batches up to byte ${until}, found the start of one at byte ${position}, and the end at ${start + bytes.length}`;
      return { position, previous, problem };
    }
    // A batch that is longer than the window gets a window of its own length.
    wanted = walked.why === 'cut' && walked.at === 0 ? Math.max(windowBytes, lengthOf(bytes)) : windowBytes;
  }
  return { position, previous };
}

/**
 * Reads what there is of a range: less than asked for only where the file ends. Blocks that the disk cannot read come as zeros,
 * which no checksum accepts.
 */
export async function readRange(file: OpenFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  try {
    return bytes.subarray(0, await file.read(bytes, position));
  } catch (error) {
    if (!hasErrorCode(error, 'EIO')) throw error;
    return await readAroundBadBlocks(file, position, bytes);
  }
}

/**
 * Reads all of a range, or throws: for what is cut or written on the strength of it. That a disk could not read, or gave less than there
 * is, says nothing about what was written.
 */
export async function readExactly(file: OpenFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  const found = await file.read(bytes, position);
  if (found < length) throw new Error(`expected ${length} bytes at byte ${position}, the disk gave ${found}`);
  return bytes;
}

const blockBytes = 4096;

async function readAroundBadBlocks(file: OpenFile, position: number, into: Buffer): Promise<Buffer> {
  const there = Math.max(0, Math.min(into.length, (await file.size()) - position));
  for (let at = 0, end = 0; at < there; at = end) {
    // To the end of the block that this byte is in.
    end = Math.min(there, at + blockBytes - ((position + at) % blockBytes));
    const block = into.subarray(at, end);
    await file.read(block, position + at).catch((error: unknown) => {
      if (!hasErrorCode(error, 'EIO')) throw error;
      block.fill(0);
    });
  }
  return into.subarray(0, there);
}
