import { createHash } from 'node:crypto';
import { inspectLog, type Log, type LogDescription, openLog, type Verification, verifyLog } from '@commitlog/log';
import { batches, encodeBatch, records } from '@commitlog/record';
import { type Clock, type Files, hasErrorCode } from '@commitlog/runtime';
import { CommandError } from '../errors.js';
import { countedFiles } from './counted-files.js';
import { cutLines } from './lines.js';
import { TextFile } from './text-file.js';

export interface RoundTripSettings {
  /** The text. */
  readonly file: string;
  /** Where the log is made: empty, or not there yet. */
  readonly dir: string;
}

export interface RoundTripComponents {
  readonly files: Files;
  readonly clock: Clock;
}

/** What happened to a text on its way into a log and back. */
export interface RoundTrip {
  readonly bytes: number;
  readonly lines: number;
  /** One for each line, but several for a very long one. */
  readonly records: number;
  readonly batches: number;
  /** How many groups the batches were written in, each with one write and one sync. */
  readonly groups: number;
  /** All syncs while appending: those of the groups, of new segments and of what keeps track of them. */
  readonly syncs: number;
  readonly segments: number;
  readonly appendMs: number;
  /** To open the log again after it was closed. */
  readonly openMs: number;
  readonly readMs: number;
  readonly verifyMs: number;
  /** Whether what came back is what was appended, byte for byte, under offsets without a gap. */
  readonly isIdentical: boolean;
  readonly verification: Verification;
  readonly description: LogDescription;
}

/** A line that is longer becomes several records: half of what a batch may hold, so that its header fits as well. */
const recordBytesMax = 512 * 1024;
const chunkBytes = 1 << 20;
/** So many appends wait for the disk at most. */
const waveMax = 4096;

/**
 * Appends a text to a new log, line by line, closes the log, opens it again, reads everything back and compares it; then verifies
 * the files.
 *
 * @throws CommandError `unreadable-file`, `directory-in-use`, `file-changed`
 * @throws LogError as `openLog` and `Log` do
 */
export async function roundTrip(
  { file, dir }: RoundTripSettings,
  { files, clock }: RoundTripComponents,
): Promise<RoundTrip> {
  const text = await TextFile.open(files, file);
  try {
    await requireEmpty(dir, files);
    const settings = { dir, segmentBytes: segmentBytesFor(await text.size()) };
    const counted = countedFiles(files);
    const stopwatch = new Stopwatch(clock);

    let log = await openLog(settings, { files: counted.files, clock });
    const before = { ...counted.counts };
    stopwatch.start();
    const appended = await appendAll(text, log, clock).catch((error: unknown) => closeAfter(log, error));
    const appendMs = stopwatch.lap();
    const groups = counted.counts.groups - before.groups;
    const syncs = counted.counts.syncs - before.syncs;
    await log.close();

    stopwatch.start();
    log = await openLog({ ...settings, create: false }, { files, clock });
    const openMs = stopwatch.lap();
    const isIdentical = await comesBack(log, text, appended).catch((error: unknown) => closeAfter(log, error));
    const readMs = stopwatch.lap();
    await log.close();

    stopwatch.start();
    const verification = await verifyLog({ dir }, { files });
    const verifyMs = stopwatch.lap();
    const description = await inspectLog({ dir }, { files });
    const { bytes, lines, records: appends } = appended;
    return {
      bytes,
      lines,
      records: appends,
      batches: verification.batches,
      groups,
      syncs,
      segments: verification.segments,
      appendMs,
      openMs,
      readMs,
      verifyMs,
      isIdentical,
      verification,
      description,
    };
  } finally {
    await text.close();
  }
}

interface AppendedText {
  readonly bytes: number;
  readonly lines: number;
  readonly records: number;
  readonly digest: string;
}

/** Appends made together share a write and a sync: nobody waits for one line before the next is on its way. */
async function appendAll(text: TextFile, log: Log, clock: Clock): Promise<AppendedText> {
  const hash = createHash('sha256');
  let [bytes, lines, count] = [0, 0, 0];
  let rest: Buffer = Buffer.alloc(0);
  for (let isLast = false; !isLast; ) {
    const chunk = await text.read(bytes, chunkBytes);
    bytes += chunk.length;
    hash.update(chunk);
    isLast = chunk.length < chunkBytes;
    const cut = cutLines(Buffer.concat([rest, chunk]), isLast, recordBytesMax);
    lines += cut.lines;
    count += cut.pieces.length;
    rest = cut.rest;
    for (let at = 0; at < cut.pieces.length; at += waveMax) {
      const wave = cut.pieces.slice(at, at + waveMax);
      await Promise.all(wave.map((value) => log.append(encodeBatch([{ value, time: clock.wallMs() }]))));
    }
  }
  return { bytes, lines, records: count, digest: hash.digest('hex') };
}

/** Whether a log's records, back to back, are the bytes of the text that were appended. */
async function comesBack(log: Log, text: TextFile, appended: AppendedText): Promise<boolean> {
  const hash = createHash('sha256');
  let [position, count] = [0, 0];
  let isSame = true;
  for await (const { bytes } of log.slices({ from: 'start' })) {
    const values: Buffer[] = [];
    for (const batch of batches(bytes, { isChecked: true, batchBytesMax: bytes.length })) {
      for (const { offset, value } of records(batch)) {
        isSame &&= offset === count;
        count += 1;
        values.push(value);
      }
    }
    const returned = Buffer.concat(values);
    isSame &&= returned.equals(await text.read(position, returned.length));
    hash.update(returned);
    position += returned.length;
  }
  if (isSame && position === appended.bytes && count === appended.records) return true;
  if (hash.digest('hex') === appended.digest) {
    const { path } = text;
    throw new CommandError('file-changed', `${path} changed while it was read: name a file that nobody writes to`, {
      path,
    });
  }
  return false;
}

/** Small, so that there are several segments to see. */
function segmentBytesFor(textBytes: number): number {
  return Math.min(Math.max(4096, Math.ceil(textBytes / 4)), 128 * 2 ** 20);
}

async function requireEmpty(dir: string, files: Files): Promise<void> {
  const found = await files.list(dir).catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) return [];
    // Whatever else it is, opening the log says it better.
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  });
  if (found.length === 0) return;
  const message = `${dir} is not empty: it holds ${found[0]}. Name an empty directory, or one that does not exist`;
  throw new CommandError('directory-in-use', message, { path: dir });
}

async function closeAfter(log: Log, error: unknown): Promise<never> {
  await log.close().catch(() => {
    // What went wrong first is what is to be told.
  });
  throw error;
}

class Stopwatch {
  readonly #clock: Clock;
  #startedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#startedMs = this.#clock.monotonicMs();
  }

  /** The ms since it was started, or since the last lap, with three decimals. */
  lap(): number {
    const startedMs = this.#startedMs;
    this.start();
    return Math.round((this.#startedMs - startedMs) * 1000) / 1000;
  }
}
