import type { Files } from '@commitlog/runtime';
import { type CheckpointKey, checkpointsOf } from '../format/checkpoint.js';
import type { HardState } from '../format/hard-state.js';
import type { LogIdentity } from '../format/segment-header.js';
import { markOfActive, type SyncedMark } from '../format/synced.js';
import { HardStateFile, newestOf } from '../hard-state-file.js';
import { identify, names } from '../layout.js';
import type { LogPosition } from '../position.js';
import { SyncedFile } from '../synced-file.js';
import { type OfflineLog, undefinedIfMissing, whileUnchanged } from './files-of-log.js';

/** What the files of a log say about it, without reading its batches. */
export interface LogDescription {
  readonly dir: string;
  readonly identity: LogIdentity;
  readonly start: LogPosition;
  /** In the order of the log. `end` and `bytes` of the last one are as far as it is known to be synced; there may be more. */
  readonly segments: readonly SegmentDescription[];
  /** `undefined` when the file cannot be read. */
  readonly hardState: HardState | undefined;
  readonly synced: SyncedMark | undefined;
  /** Those that count, oldest first. */
  readonly checkpoints: readonly CheckpointKey[];
  /** The log's files in the directory. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export interface SegmentDescription {
  readonly id: number;
  readonly file: string;
  readonly isActive: boolean;
  readonly base: LogPosition;
  readonly end: LogPosition;
  readonly bytes: number;
}

/**
 * Describes a log. Changes nothing; a log that is open may have grown by the time the answer is there.
 *
 * @throws LogError `settings`, `wrong-directory`, `corrupt`, `newer-format`, `locked`, `permission`, `io`
 */
export async function inspectLog(
  settings: { readonly dir: string },
  components: { readonly files: Files },
): Promise<LogDescription> {
  return await whileUnchanged(settings?.dir, components, describe);
}

async function describe({ directory, manifest, found }: OfflineLog): Promise<LogDescription> {
  const { cluster, log, start, sealed, active } = manifest;
  const synced = await SyncedFile.read(directory);
  const mark = markOfActive(synced, active);
  const segments = [
    ...sealed.map((segment) => ({ ...segment, isActive: false })),
    { ...active, end: mark.end, bytes: mark.position, isActive: true },
  ].map((segment) => ({ ...segment, file: names.segment(segment.base.index + 1, segment.id) }));
  const sizes = [];
  for (const name of found) {
    // A stranger's name may lead anywhere, and a log that is open loses files meanwhile.
    const bytes = identify(name) && (await directory.sizeOf(name).catch(undefinedIfMissing));
    if (bytes !== undefined) sizes.push({ name, bytes });
  }
  return {
    dir: directory.path,
    identity: { cluster, log },
    start,
    segments,
    hardState: newestOf(await HardStateFile.readCopies(directory))?.state,
    synced: synced && { segmentId: synced.segmentId, position: synced.position, end: synced.end },
    checkpoints: checkpointsOf(segments, found),
    files: sizes,
  };
}
