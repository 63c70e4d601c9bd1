import { inspectLog, type Log, LogError, type SegmentDescription } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { type Random, randomBelow } from '@commitlog/runtime';
import { type DiskImage, SimulatedDisk } from '@commitlog/simulation';
import { difference, judged, matching, openOn } from './judge.js';
import { type LogState, tailOf, withBatches } from './model.js';
import { dir } from './workload.js';

/** What became of a disk on which one bit changed between a power cut and the next start. */
export interface Decayed {
  /** The bit, in words. */
  readonly what: string;
  /** What is wrong with what the log made of it; `undefined` when nothing is. */
  readonly reason: string | undefined;
}

/** A stretch of a segment file: its header, or one batch. */
interface Stretch {
  readonly path: string;
  readonly at: number;
  readonly bytes: number;
  /** Of the batch. */
  readonly index?: number;
  /** Whether the disk says that it was synced, so that a bad one is corrupt, and not torn. */
  readonly isBelowMark: boolean;
}

const smallFiles = /\/(MANIFEST|SYNCED|HARDSTATE|CHECKPOINT-[\d-]+)$/;
const headerBytes = 64;

/**
 * Flips one bit below the mark, one at or above it, and one in a small file, as far as there are such bytes, and starts the log on each:
 * the first must be named and nothing else be missing, the second be cut with what is behind it, the third be refused or change nothing.
 *
 * @param image what the power cut has left
 * @param allowed the states that this may show
 */
export async function judgeDecay(image: DiskImage, allowed: readonly LogState[], random: Random): Promise<Decayed[]> {
  const disk = new SimulatedDisk({}, image);
  const described = await inspectLog({ dir }, { files: disk.files }).catch(() => undefined);
  // There is no log yet.
  if (described === undefined) return [];
  const log = await openOn(new SimulatedDisk({}, image));
  const state = await matching(log, allowed);
  await log.close();
  // Wrong without any decay: that is another failure.
  if (typeof state === 'string') return [];
  const stretches = described.segments.flatMap((segment) => stretchesOf(segment, state));
  const decayed: Decayed[] = [];
  for (const isBelowMark of [true, false]) {
    const stretch = oneOf(
      stretches.filter((found) => found.isBelowMark === isBelowMark),
      random,
    );
    if (stretch === undefined) continue;
    const { path, at, bytes } = stretch;
    const hurt = flipped(image, path, at * 8 + randomBelow(random, bytes * 8));
    const reason = await judged(() =>
      isBelowMark ? corrupt(hurt.disk, state, stretch) : torn(hurt.disk, state, stretch),
    );
    decayed.push({ what: `${hurt.what}, ${isBelowMark ? 'below' : 'at or above'} the mark`, reason });
  }
  const path = oneOf(
    disk.paths().filter((found) => smallFiles.test(found)),
    random,
  );
  if (path !== undefined) {
    const hurt = flipped(image, path, randomBelow(random, disk.bytesOf(path).length * 8));
    decayed.push({ what: hurt.what, reason: await judged(() => small(hurt.disk, allowed)) });
  }
  return decayed;
}

/** Where the header and the batches of a segment stand: what each batch is, the model knows. */
function stretchesOf({ file, base, end, bytes, isActive }: SegmentDescription, state: LogState): Stretch[] {
  const path = `${dir}/${file}`;
  const lastIndex = isActive ? tailOf(state).index : end.index;
  // One that is empty and damaged is replaced: it has nothing to lose.
  if (lastIndex === base.index) return [];
  const stretches: Stretch[] = [{ path, at: 0, bytes: headerBytes, isBelowMark: true }];
  let at = headerBytes;
  for (let index = base.index + 1; index <= lastIndex; index += 1) {
    const { length } = state.batches[index - state.base.index - 1]!;
    stretches.push({ path, at, bytes: length, index, isBelowMark: !isActive || at < bytes });
    at += length;
  }
  return stretches;
}

/** It was whole once: it is named, kept, and can be mended. */
async function corrupt(disk: SimulatedDisk, state: LogState, { path, index }: Stretch): Promise<string | undefined> {
  const log = await openOn(disk);
  const damaged = index === undefined ? state.damaged : new Set([...state.damaged, index]);
  const differs = await difference(log, { ...state, damaged });
  if (differs !== undefined) return differs;
  const named = log.damage.find(
    ({ file, firstIndex, lastIndex }) =>
      path.endsWith(`/${file}`) && (index === undefined || (firstIndex <= index && index <= lastIndex)),
  );
  if (named === undefined) return `what cannot be read is not named, only ${JSON.stringify(log.damage)}`;
  await log.mend(named.segmentId, async function* (first, last) {
    for (let missing = first; missing <= last; missing += 1) yield state.batches[missing - state.base.index - 1]!;
  });
  const unmended = await difference(log, state);
  return unmended === undefined ? await goesOn(disk, log, state) : `mended: ${unmended}`;
}

/** It may be what was being written when the power went: it is cut, with all that is behind it. */
async function torn(disk: SimulatedDisk, state: LogState, { index }: Stretch): Promise<string | undefined> {
  const log = await openOn(disk);
  const left = { ...state, batches: state.batches.slice(0, index! - state.base.index - 1) };
  return (await difference(log, left)) ?? (await goesOn(disk, log, left));
}

/** What the log is made of is known, or the log is not opened. */
async function small(disk: SimulatedDisk, allowed: readonly LogState[]): Promise<string | undefined> {
  const log = await openOn(disk).catch((error: unknown) => {
    if (error instanceof LogError && error.code === 'corrupt') return undefined;
    throw error;
  });
  if (log === undefined) return undefined;
  const differences: string[] = [];
  for (const state of allowed) {
    // A checkpoint may be damaged.
    const differs = await difference(log, state, false);
    if (differs === undefined) return await goesOn(disk, log, state);
    differences.push(differs);
  }
  return differences.join('; or ');
}

/** One more append, and one more start. */
async function goesOn(disk: SimulatedDisk, log: Log, state: LogState): Promise<string | undefined> {
  const batch = encodeBatch([{ value: Buffer.from('life goes on') }]);
  await log.append(batch);
  await log.close();
  const again = await openOn(disk);
  const differs = await difference(again, withBatches(state, batch), false);
  await again.close();
  return differs && `after one more append and a restart: ${differs}`;
}

function flipped(image: DiskImage, path: string, bit: number): { readonly disk: SimulatedDisk; readonly what: string } {
  const disk = new SimulatedDisk({}, image);
  disk.flipBit(path, bit);
  return { disk, what: `bit ${bit} of ${path} flipped` };
}

function oneOf<T>(choices: readonly T[], random: Random): T | undefined {
  return choices.length === 0 ? undefined : choices[randomBelow(random, choices.length)];
}
