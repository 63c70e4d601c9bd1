import { lengthOf } from '@commitlog/record';
import type { OpenFile } from '@commitlog/runtime';
import { hasErrorCode } from '@commitlog/runtime';
import type { LogDirectory } from './directory.js';
import { fileError, LogError } from './errors.js';
import { checkpointsOf } from './format/checkpoint.js';
import { decodeManifest, type Manifest, type SealedSegment } from './format/manifest.js';
import { segmentHeaderBytes, segmentHeaderProblem } from './format/segment-header.js';
import { markOfActive, type SyncedMark } from './format/synced.js';
import { identify, names } from './layout.js';
import { letGo, reclaim } from './reclaim.js';
import { readExactly, readRange, scan } from './scan.js';
import { Segment, type SegmentHome } from './segment.js';
import { SegmentSet, writeManifest } from './segment-set.js';
import { survey, wholeSegment } from './survey.js';
import { type NumberedMark, SyncedFile } from './synced-file.js';

/** How many sealed segments are looked at at a time. */
const openedAtOnce = 16;
const rewrittenAtOnce = 1 << 20;

/**
 * Finds out what a log is, from the files that a stop, a crash or a power cut left behind. Only the last segment is read whole. What
 * was being written is completed or cut; what was synced and cannot be read is kept, and named as damage.
 *
 * @param found the names in the directory
 * @param repairHardState called once it is sure that the log can be opened, and not before
 * @throws LogError `corrupt`, `wrong-directory`, `newer-format` before anything is changed; `io` where the disk cannot read what decides
 * between a torn write and lost records, and nothing that it holds was cut
 */
export async function recover(
  home: SegmentHome,
  manifest: Manifest,
  found: readonly string[],
  repairHardState: () => Promise<void>,
): Promise<{ segments: SegmentSet; synced: SyncedFile }> {
  // First everything is read: a log that cannot be opened is left as it is.
  const mark = await readMark(home, manifest);
  const sealed = await openSealed(home, manifest.sealed);
  const active = await openActive(home, manifest, mark);
  const all = [...sealed.map(({ segment }) => segment), active.segment];
  const opened: { close(): Promise<void> }[] = active.file === undefined ? [] : [active.file];
  try {
    requireStart(home, manifest, active);
    await repairHardState();
    // What a killed process renamed may not be durable yet, and everything below builds on it. A new file, not the old one synced
    // once more: the sync that would have made that one durable may have failed.
    await writeManifest(home.directory, manifest);
    const synced = await SyncedFile.open(home.directory, mark);
    const segments = new SegmentSet(home, synced, {
      start: manifest.start,
      nextSegmentId: manifest.nextSegmentId,
      segments: all,
      activeFile: active.file,
      checkpoints: checkpointsOf(all, found),
    });
    opened.splice(0, 1, segments, synced);
    await settle(home, segments, synced, active, mark);
    await removeLeftovers(home, segments, found);
    for (const { segment, isTooLong } of sealed) if (isTooLong) await segment.shorten();
    return { segments, synced };
  } catch (error) {
    // What went wrong first is what the caller must see.
    for (const file of opened) await file.close().catch(() => {});
    throw error;
  }
}

/** What was trimmed was synced before: an end below it would give indexes a second time. */
function requireStart(
  { directory }: SegmentHome,
  { start }: Manifest,
  { segment: { end, file } }: RecoveredActive,
): void {
  if (end.index >= start.index) return;
  const path = directory.pathOf(file);
  const message = `the log begins behind index ${start.index}, and what can be read of ${path} ends with ${end.index}: acknowledged batches are damaged, and SYNCED, which would tell, is, too. Nothing was changed. Restore the files, or rebuild this replica from its peers`;
  throw new LogError('corrupt', message, { path });
}

/** Makes durable what was found, and seals it if it is damaged: a sealed segment is what can be mended. */
async function settle(
  { directory }: SegmentHome,
  segments: SegmentSet,
  synced: SyncedFile,
  { segment, file, isDamaged, isTorn }: RecoveredActive,
  mark: SyncedMark,
): Promise<void> {
  // Or what was cut could follow what is appended next, after another power cut.
  if (file !== undefined && isTorn) await file.resize(segment.bytes);
  if (file !== undefined && (isTorn || segment.bytes > mark.position)) {
    await rewrite(directory, file, segment, mark);
  }
  if (segment.bytes !== mark.position) {
    synced.write({ segmentId: segment.id, position: segment.bytes, end: segment.end });
    await synced.sync();
  }
  if (isDamaged) await segments.roll(undefined);
}

/**
 * Makes durable what a process wrote before it was killed, or before its sync failed. Written once more and not only synced: after a
 * sync that failed, the kernel takes these pages for clean, and a second sync would say yes to what is not there. What is written was
 * checked as it was read.
 */
async function rewrite(directory: LogDirectory, file: OpenFile, segment: Segment, mark: SyncedMark): Promise<void> {
  let batches: Buffer[] = [];
  let [from, to] = [mark.position, mark.position];
  const write = (): void => {
    if (batches.length > 0) directory.write(file, segment.file, batches, from);
    [batches, from] = [[], to];
  };
  const { position, problem } = await scan(
    file,
    { position: mark.position, previous: mark.end },
    {
      until: segment.bytes,
      checkBodies: true,
      read: readExactly,
      visit: (bytes, at) => {
        batches.push(bytes.subarray(at, at + lengthOf(bytes, at)));
        to += lengthOf(bytes, at);
        if (to - from >= rewrittenAtOnce) write();
        return undefined;
      },
    },
  ).catch((error: unknown) => {
    throw fileError(error, `read ${segment.file}`, directory.pathOf(segment.file));
  });
  if (position !== segment.bytes) {
    const message = `expected the batches that were read before, found at byte ${position}: ${problem}. Check the disk, then start again`;
    throw fileError(new Error(message), `read ${segment.file}`, directory.pathOf(segment.file));
  }
  write();
  await directory.sync(file, segment.file);
}

/** @throws LogError `wrong-directory` when it is another log's */
export async function readManifest({ directory, identity }: SegmentHome): Promise<Manifest> {
  const path = directory.pathOf(names.manifest);
  const manifest = decodeManifest((await directory.readWhole(names.manifest)) ?? Buffer.alloc(0), path);
  if (manifest.cluster !== identity.cluster || manifest.log !== identity.log) {
    throw new LogError(
      'wrong-directory',
      `${directory.path} belongs to log ${manifest.log} of cluster ${manifest.cluster}, expected log ${identity.log} of cluster ${identity.cluster}: name the right directory`,
      { path: directory.path },
    );
  }
  return manifest;
}

/**
 * How far the active segment is known to be synced.
 *
 * @throws LogError `corrupt` when that cannot be known: a torn write could not be told from lost records
 */
async function readMark({ directory }: SegmentHome, { active }: Manifest): Promise<NumberedMark> {
  const path = directory.pathOf(names.synced);
  const latest = await SyncedFile.read(directory);
  if (latest === undefined) {
    const message = `${path} is missing, or damaged in both places, and without it a torn write cannot be told from lost records. Nothing was changed. Restore the file, or rebuild this replica from its peers`;
    throw new LogError('corrupt', message, { path });
  }
  if (latest.segmentId > active.id) {
    const message = `${path} speaks of segment ${latest.segmentId}, and the manifest ends with ${active.id}: the manifest is an old copy. Nothing was changed. Restore the newest one, or rebuild this replica from its peers`;
    throw new LogError('corrupt', message, { path });
  }
  return { ...latest, ...markOfActive(latest, active) };
}

/** A sealed segment as it was found. */
interface RecoveredSealed {
  readonly segment: Segment;
  /** There is something behind the end: a truncation was interrupted, or the segment was sealed because of damage. */
  readonly isTooLong: boolean;
}

/** Sealed segments are not read, only that they are there and what they say they are is checked. */
async function openSealed(home: SegmentHome, sealed: readonly SealedSegment[]): Promise<RecoveredSealed[]> {
  const segments: RecoveredSealed[] = [];
  for (let first = 0; first < sealed.length; first += openedAtOnce) {
    const some = sealed.slice(first, first + openedAtOnce);
    segments.push(...(await Promise.all(some.map((extent) => openOneSealed(home, extent)))));
  }
  return segments;
}

async function openOneSealed(home: SegmentHome, extent: SealedSegment): Promise<RecoveredSealed> {
  const segment = new Segment(extent, home);
  const bytes = await bytesOfIntact(home, segment);
  if (bytes === undefined) await segment.survey();
  return { segment, isTooLong: bytes !== undefined && bytes > segment.bytes };
}

/** The length of a segment's file; `undefined` where it is missing, too short, or another one's. */
async function bytesOfIntact({ directory }: SegmentHome, segment: Segment): Promise<number | undefined> {
  const file = await openIfThere(directory.open(segment.file, 'read'));
  if (file === undefined) return undefined;
  try {
    const { header, path } = segment.surveyed;
    const problem = segmentHeaderProblem(await readRange(file, 0, segmentHeaderBytes), header, path);
    const bytes = await file.size();
    return problem === undefined && bytes >= segment.bytes ? bytes : undefined;
  } finally {
    await letGo(file);
  }
}

interface RecoveredActive {
  readonly segment: Segment;
  readonly file: OpenFile | undefined;
  readonly isDamaged: boolean;
  /** There is something behind the end, which was being written when the power went. */
  readonly isTorn: boolean;
}

async function openActive(home: SegmentHome, { active }: Manifest, mark: SyncedMark): Promise<RecoveredActive> {
  // What is known of it without reading it: all that was synced.
  const extent = { ...active, end: mark.end, bytes: mark.position };
  const expected = new Segment(extent, home);
  const file = await openIfThere(home.directory.open(expected.file, 'write'));
  if (file === undefined) {
    const holes = [wholeSegment(expected.surveyed, 'the file is missing')];
    return { segment: new Segment(extent, home, { holes }), file, isDamaged: true, isTorn: false };
  }
  try {
    const size = await file.size();
    const { end, index, holes } = await survey(file, { ...expected.surveyed, until: size });
    const segment = new Segment({ ...active, end: end.previous, bytes: end.position }, home, { index, holes });
    // Of a damaged segment nothing is cut: it is sealed where it ends.
    const isDamaged = holes.length > 0;
    return { segment, file, isDamaged, isTorn: !isDamaged && end.position < size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Removes what an interrupted change left: drafts, and files that the manifest does not know. */
async function removeLeftovers({ directory }: SegmentHome, set: SegmentSet, found: readonly string[]): Promise<void> {
  const live = new Set<string>([names.manifest, names.synced, names.hardState]);
  for (const segment of set.all) for (const name of segment.files) live.add(name);
  // Written when it is sealed, and a roll may have failed since.
  live.delete(set.active.indexFile);
  for (const { index, term } of set.checkpoints) live.add(names.checkpoint(index, term));
  for (const name of found) {
    const kind = identify(name)?.kind;
    const isOurs = kind !== undefined && kind !== 'lock';
    if (isOurs && !live.has(name)) await reclaim(() => directory.removeIfThere(name));
  }
}

async function openIfThere(opening: Promise<OpenFile>): Promise<OpenFile | undefined> {
  return await opening.catch((error: unknown) => {
    if (error instanceof LogError && hasErrorCode(error.cause, 'ENOENT')) return undefined;
    throw error;
  });
}
