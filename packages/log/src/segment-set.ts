import assert from 'node:assert/strict';
import type { OpenFile } from '@commitlog/runtime';
import type { LogDirectory } from './directory.js';
import { LogError } from './errors.js';
import type { CheckpointKey } from './format/checkpoint.js';
import { encodeCheckpoint } from './format/checkpoint.js';
import { encodeManifest, type Manifest } from './format/manifest.js';
import { encodeSegmentHeader, segmentHeaderBytes } from './format/segment-header.js';
import type { SyncedMark } from './format/synced.js';
import { Generation } from './generation.js';
import { names } from './layout.js';
import type { LogPosition } from './position.js';
import { letGo, reclaim } from './reclaim.js';
import type { ScanPoint } from './scan.js';
import { Segment, type SegmentHome } from './segment.js';
import { SparseIndex } from './sparse-index.js';
import type { SyncedFile } from './synced-file.js';

/** What a log is made of, as it was found on disk. */
export interface SegmentSetState {
  readonly start: LogPosition;
  readonly nextSegmentId: number;
  /** In the order of the log; the last one is active. */
  readonly segments: readonly Segment[];
  /** The active segment's file, open for writing; `undefined` when it is missing, and the segment about to be sealed. */
  readonly activeFile: OpenFile | undefined;
  readonly checkpoints: readonly CheckpointKey[];
}

/** What a change makes of the log. */
interface Committed {
  readonly start: LogPosition;
  readonly segments: readonly Segment[];
  /** The last index that stays, −1 when nothing does; without it, all does. */
  readonly cutAfter?: number | undefined;
}

/** A change that begins a new active segment. */
interface Beginning extends Omit<Committed, 'segments'> {
  /** What stays in front of it. */
  readonly before: readonly Segment[];
  /** What is derived from the log up to it. */
  readonly state?: Uint8Array | undefined;
}

/**
 * The segments that are the log, and the manifest that says so. Every change is prepared in files that mean nothing yet, becomes true
 * when the new manifest is durable, and only then touches files that are no longer part of the log. Changes come one at a time, while
 * nothing is being appended.
 */
export class SegmentSet {
  readonly #home: SegmentHome;
  readonly #synced: SyncedFile;
  #start: LogPosition;
  #nextSegmentId: number;
  #segments: readonly Segment[];
  #activeFile: OpenFile | undefined;
  #checkpoints: readonly CheckpointKey[];
  #generation = new Generation();
  /** Called with every truncation and every reset, once it is true: whoever reads from then on finds the new end. */
  onCut: () => void = () => {};

  constructor(home: SegmentHome, synced: SyncedFile, state: SegmentSetState) {
    this.#home = home;
    this.#synced = synced;
    this.#start = state.start;
    this.#nextSegmentId = state.nextSegmentId;
    this.#segments = state.segments;
    this.#activeFile = state.activeFile;
    this.#checkpoints = state.checkpoints;
  }

  /** The log's logical start: everything up to this point was trimmed. */
  get start(): LogPosition {
    return this.#start;
  }

  /** In the order of the log, at least one; each begins where the one before ends. */
  get all(): readonly Segment[] {
    return this.#segments;
  }

  /** The segment that takes the next batch. */
  get active(): Segment {
    return this.#segments.at(-1)!;
  }

  get activeFile(): OpenFile {
    assert(this.#activeFile !== undefined, 'a segment whose file is missing takes no batches');
    return this.#activeFile;
  }

  /** The point behind the last batch that is durable. */
  get end(): LogPosition {
    return this.active.end;
  }

  /** Ends with every truncation and every reset. */
  get generation(): Generation {
    return this.#generation;
  }

  /** The derived states that were saved, oldest first. */
  get checkpoints(): readonly CheckpointKey[] {
    return this.#checkpoints;
  }

  /** The first segment whose end satisfies a condition that holds for all behind it; else the last. */
  firstWhere(holds: (end: LogPosition) => boolean): Segment {
    let [low, high] = [0, this.#segments.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#segments[middle]!.end)) high = middle;
      else low = middle + 1;
    }
    return this.#segments[low]!;
  }

  /** A number for a new segment. */
  takeId(): number {
    this.#nextSegmentId += 1;
    return this.#nextSegmentId - 1;
  }

  /** Seals the active segment, or drops it when it is empty, and begins the next one; `state` is what is derived from the log up to there. */
  async roll(state: Uint8Array | undefined): Promise<void> {
    const sealed = this.active;
    await sealed.saveIndex();
    const before = sealed.isEmpty ? this.#segments.slice(0, -1) : this.#segments;
    await this.#begin(sealed.end, { start: this.#start, before, state });
  }

  /** Forgets everything behind a batch boundary of a segment. */
  async truncateAfter(segment: Segment, point: ScanPoint): Promise<void> {
    const kept = this.#segments.slice(0, this.#segments.indexOf(segment));
    const cut = point.position > segmentHeaderBytes ? [segment.cutAt(point)] : [];
    // Before the segments: a checkpoint must not outlive what it was derived from.
    await this.#removeCheckpoints(({ index }) => index > point.previous.index);
    const before = [...kept, ...cut];
    await this.#begin(point.previous, { start: this.#start, before, cutAfter: point.previous.index });
    for (const shortened of cut) await shortened.shorten();
  }

  /** Moves the logical start, and drops the segments that lie below it whole. */
  async trimBefore(start: LogPosition): Promise<void> {
    // Recovery may cut back to what SYNCED says, and must not cut below the start.
    if (start.index > this.active.base.index) await this.#synced.syncBoth(this.#mark);
    const kept = this.#segments.filter((segment) => segment === this.active || segment.end.index > start.index);
    await this.#commit({ start, segments: kept });
    const oldest = kept[0]!.base.index;
    await this.#discardCheckpoints(({ index }) => index < oldest);
  }

  /** Drops everything, and goes on at another point, as a snapshot demands; `state` is what is derived from the log up to there. */
  async reset(position: LogPosition, state: Uint8Array | undefined): Promise<void> {
    await this.#begin(position, { start: position, before: [], state, cutAfter: -1 });
    await this.#discardCheckpoints((key) => state === undefined || !isOf(position)(key));
  }

  /**
   * Puts a mended segment in the place of a damaged one; where it cannot, the mended one's files are removed.
   *
   * @throws LogError `mend` when the damaged one is no longer part of the log
   */
  async replace(damaged: Segment, mended: Segment): Promise<void> {
    try {
      if (!this.#segments.includes(damaged)) throw notLive(damaged);
      assert(damaged !== this.active, 'the active segment is sealed before it is mended');
      const segments = this.#segments.map((segment) => (segment === damaged ? mended : segment));
      await this.#commit({ start: this.#start, segments });
    } catch (error) {
      if (mayBeNamed(error)) throw error;
      await this.#discard(mended);
      throw error;
    }
  }

  /** Closes the active segment's file. */
  async close(): Promise<void> {
    await this.#activeFile?.close();
  }

  /** Commits a log of these segments and a new, empty, active one behind them. */
  async #begin(base: LogPosition, { start, before, state, cutAfter }: Beginning): Promise<void> {
    await this.#prepareCheckpoint(base, state);
    const { segment, file } = await createSegment(this.#home, this.takeId(), base);
    const formerFile = this.#activeFile;
    try {
      await this.#commit({ start, segments: [...before, segment], cutAfter });
    } catch (error) {
      await letGo(file);
      if (!mayBeNamed(error)) await reclaim(() => this.#home.directory.removeIfThere(segment.file));
      throw error;
    }
    if (state !== undefined) this.#addCheckpoint(base);
    this.#activeFile = file;
    await letGo(formerFile);
    // The change is done. The next group writes its mark before anything else, and is refused if that fails again.
    await unlessFenced(async () => {
      this.#synced.write(this.#mark);
      await this.#synced.sync();
    });
  }

  /** The active segment is durable up to its end. */
  get #mark(): SyncedMark {
    const { id: segmentId, bytes: position, end } = this.active;
    return { segmentId, position, end };
  }

  async #commit({ start, segments, cutAfter }: Committed): Promise<void> {
    const { directory, identity } = this.#home;
    await writeManifest(directory, { ...identity, start, nextSegmentId: this.#nextSegmentId, ...described(segments) });
    const kept = new Set(segments.map(({ id }) => id));
    const dropped = this.#segments.filter(({ id }) => !kept.has(id));
    this.#start = start;
    this.#segments = segments;
    if (cutAfter !== undefined) {
      this.#generation = this.#generation.cutAfter(cutAfter);
      this.onCut();
    }
    for (const segment of dropped) await this.#discard(segment);
  }

  /** Removes the files of a segment that is no longer part of the log. */
  async #discard(segment: Segment): Promise<void> {
    const { directory, pool } = this.#home;
    await reclaim(() => pool.forget(segment.file));
    for (const name of segment.files) await reclaim(() => directory.removeIfThere(name));
  }

  /** Saves the state derived up to a boundary, or sees to it that nobody takes another for it. */
  async #prepareCheckpoint({ index, term }: CheckpointKey, state: Uint8Array | undefined): Promise<void> {
    const { directory } = this.#home;
    const name = names.checkpoint(index, term);
    if (state !== undefined) return await directory.replaceWith(name, encodeCheckpoint({ index, term }, state));
    // A roll that failed may have left one, for a boundary that other batches have reached since.
    if (!this.#checkpoints.some(isOf({ index, term }))) await directory.removeIfThere(name);
  }

  #addCheckpoint({ index, term }: CheckpointKey): void {
    if (!this.#checkpoints.some(isOf({ index, term }))) this.#checkpoints = [...this.#checkpoints, { index, term }];
  }

  async #removeCheckpoints(isObsolete: (key: CheckpointKey) => boolean): Promise<void> {
    const { directory } = this.#home;
    const obsolete = this.#checkpoints.filter(isObsolete);
    if (obsolete.length === 0) return;
    for (const key of obsolete) {
      await directory.removeIfThere(names.checkpoint(key.index, key.term));
      this.#checkpoints = this.#checkpoints.filter((other) => other !== key);
    }
    await directory.syncNames();
  }

  /** Removes checkpoints of what is no longer part of the log. */
  async #discardCheckpoints(isObsolete: (key: CheckpointKey) => boolean): Promise<void> {
    const { directory } = this.#home;
    const obsolete = this.#checkpoints.filter(isObsolete);
    if (obsolete.length === 0) return;
    this.#checkpoints = this.#checkpoints.filter((key) => !isObsolete(key));
    for (const { index, term } of obsolete) {
      await reclaim(() => directory.removeIfThere(names.checkpoint(index, term)));
    }
    await unlessFenced(() => directory.syncNames());
  }
}

/** Creates the file of a new segment; it is no part of the log before a manifest says so. */
export async function createSegment(
  home: SegmentHome,
  id: number,
  base: LogPosition,
): Promise<{ segment: Segment; file: OpenFile }> {
  const extent = { id, base, end: base, bytes: segmentHeaderBytes };
  const segment = new Segment(extent, home, { index: new SparseIndex(base) });
  const file = await home.directory.createWith(segment.file, encodeSegmentHeader(segment.header));
  return { segment, file };
}

/**
 * Makes a manifest the one that counts. First the names of the files that it speaks of: names reach the disk in any order, and a
 * manifest must not be there before its segments are.
 */
export async function writeManifest(directory: LogDirectory, manifest: Manifest): Promise<void> {
  await directory.syncNames();
  await directory.replaceWith(names.manifest, encodeManifest(manifest));
  await directory.syncNames().catch((error: unknown) => {
    throw error instanceof LogError && error.code !== 'fenced' ? directory.fail(error, names.manifest) : error;
  });
}

function described(segments: readonly Segment[]): Pick<Manifest, 'sealed' | 'active'> {
  const { id, base } = segments.at(-1)!;
  return { sealed: segments.slice(0, -1).map((segment) => segment.describe()), active: { id, base } };
}

function isOf({ index, term }: CheckpointKey): (key: CheckpointKey) => boolean {
  return (key) => key.index === index && key.term === term;
}

/** Whether a manifest that names the new files may be in place: one that could not be synced is, or is not. */
function mayBeNamed(error: unknown): boolean {
  return error instanceof LogError && error.code === 'fenced';
}

/** Does what need not succeed behind a change that is done; only a failed sync must be told. */
async function unlessFenced(run: () => Promise<void>): Promise<void> {
  await run().catch((error: unknown) => {
    if (!(error instanceof LogError) || error.code === 'fenced') throw error;
  });
}

/** The refusal to mend a segment that was trimmed, truncated or mended meanwhile. */
export function notLive({ id }: Segment): LogError {
  return new LogError(
    'mend',
    `segment ${id} is no longer part of the log: it was trimmed, truncated or mended meanwhile`,
  );
}
