import { LogError, openLog, verifyLog } from '@commitlog/log';
import { batchTypes, encodeBatch, encodeControlBatch } from '@commitlog/record';
import { type DiskImage, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { difference } from './judge.js';
import { derivedAt, emptyState, type LogState, withBatches } from './model.js';

const dir = '/log';

export interface FlipReport {
  /** How many bits were flipped, one at a time. */
  flips: number;
  /** Of these, how many were noticed: opening refused, a read refused, or verification found something. */
  detected: number;
  /** The others: everything could be read, and was as it had been. */
  harmless: number;
  readonly failures: { readonly file: string; readonly bit: number; readonly reason: string }[];
}

export interface FlipSettings {
  readonly shard: number;
  readonly of: number;
  readonly progress: (done: number, all: number) => void;
}

/** Flips every bit of every file of a log of more than 64 KiB, one at a time: none may lead to a wrong answer. */
export async function flipEveryBit({ shard, of, progress }: FlipSettings): Promise<FlipReport> {
  const { image, state, files } = await soundLog();
  const report: FlipReport = { flips: 0, detected: 0, harmless: 0, failures: [] };
  const bits = files.reduce((sum, { bytes }) => sum + bytes * 8, 0);
  for (const { path, bytes } of files) {
    for (let bit = 0; bit < bytes * 8; bit += 1) {
      if (bit % of !== shard) continue;
      const reason = await judgeFlip(image, path, bit, state, report);
      report.flips += 1;
      if (reason !== undefined) report.failures.push({ file: path, bit, reason });
      if (report.flips % 1000 === 0) progress(report.flips * of, bits);
    }
  }
  return report;
}

/** A closed log with something in every kind of file. */
async function soundLog(): Promise<{ image: DiskImage; state: LogState; files: { path: string; bytes: number }[] }> {
  const disk = new SimulatedDisk();
  let state = emptyState;
  const log = await openLog(
    { dir, segmentBytes: 16 * 1024, checkpoint: ({ index }) => Buffer.from(derivedAt(state, index)) },
    { files: disk.files, clock: new SimulatedClock() },
  );
  const value = Buffer.alloc(1900, 'every bit counts ');
  while (disk.usedBytes < 84 * 1024) {
    const isControl = state.batches.length % 7 === 6;
    const batch = isControl
      ? encodeControlBatch(batchTypes.noop, Buffer.from('control'))
      : encodeBatch([
          { value, key: Buffer.from('key'), headers: [{ key: 'header', value }] },
          { value: Buffer.alloc(0) },
        ]);
    await log.append(batch);
    state = withBatches(state, batch);
  }
  const hardState = { term: 7, vote: 'node-2', commitHint: 11, storageId: '5a'.repeat(16) };
  await log.saveHardState(hardState);
  state = { ...state, hardState };
  await log.trimBefore(5);
  state = { ...state, startIndex: 4 };
  await log.close();
  const files = disk.paths().map((path) => ({ path, bytes: disk.bytesOf(path).length }));
  return { image: disk.image(), state, files };
}

async function judgeFlip(
  image: DiskImage,
  path: string,
  bit: number,
  state: LogState,
  report: FlipReport,
): Promise<string | undefined> {
  const disk = new SimulatedDisk({}, image);
  disk.flipBit(path, bit);
  // First without changing anything: opening repairs what it can.
  const verification = await verifyLog({ dir }, { files: disk.files }).catch(refusal);
  const isSeen = verification instanceof LogError || verification.findings.length > 0;
  const differs = await readAll(disk, state).catch((error: unknown) =>
    error instanceof Error ? `${error.stack}` : String(error),
  );
  if (differs instanceof LogError || (isSeen && differs === undefined)) {
    report.detected += 1;
    return undefined;
  }
  if (differs !== undefined) return differs;
  report.harmless += 1;
  return undefined;
}

/**
 * Reads everything there is.
 *
 * @returns the error that said that something is damaged, what is different from what was stored, or `undefined` when nothing is
 */
async function readAll(disk: SimulatedDisk, state: LogState): Promise<LogError | string | undefined> {
  try {
    const log = await openLog({ dir, segmentBytes: 16 * 1024 }, { files: disk.files, clock: new SimulatedClock() });
    const differs = await difference(log, state, false);
    const [damage] = log.damage;
    await log.close();
    return damage === undefined
      ? differs
      : (wrongAround(differs) ?? new LogError('damaged', damage.reason, { damage }));
  } catch (error) {
    return refusal(error);
  }
}

/** With damage, some batches may be missing; none may be wrong. */
function wrongAround(differs: string | undefined): string | undefined {
  return differs?.includes('is not what was appended') || differs?.includes('nobody appended') ? differs : undefined;
}

const refusals = new Set(['corrupt', 'damaged', 'newer-format']);

function refusal(error: unknown): LogError {
  if (error instanceof LogError && refusals.has(error.code)) return error;
  throw error;
}
