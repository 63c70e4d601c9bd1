import { batchTypes } from '@commitlog/record';
import type { Clock, Files, Lock } from '@commitlog/runtime';
import { hasErrorCode } from '@commitlog/runtime';
import { createLog, requireFreshDirectory } from './creation.js';
import { LogDirectory } from './directory.js';
import { fileError, LogError } from './errors.js';
import { Fence } from './fence.js';
import { FilePool } from './file-pool.js';
import { HardStateFile } from './hard-state-file.js';
import { names } from './layout.js';
import type { Log } from './log.js';
import { readManifest, recover } from './recovery.js';
import type { SegmentHome } from './segment.js';
import { SegmentedLog } from './segmented-log.js';
import { type LogSettings, type ResolvedSettings, requireClock, requireFiles, resolveSettings } from './settings.js';
import { Watermark } from './watermark.js';
import { Writer } from './writer.js';

/** What a log needs of the outside world. */
export interface LogComponents {
  readonly files: Files;
  readonly clock: Clock;
}

/**
 * Opens the log in a directory, or makes a new one there. Whatever a crash left behind is recovered first; see `Log.damage` for what
 * could not be.
 *
 * @throws LogError `settings`, `locked`, `wrong-directory`, `newer-format`, `corrupt`, `read-only`, `permission`, `no-space`,
 * `too-many-files`, `io`, `fenced` when a sync fails: each says what to do, and nothing that was there is lost
 */
export async function openLog(settings: LogSettings, components: LogComponents): Promise<Log> {
  const resolved = resolveSettings(settings);
  const files = requireFiles(components);
  const clock = requireClock(components);
  const durable = new Watermark(0);
  // Once and for all: the process may change its working directory.
  const path = files.absolute(resolved.dir);
  const directory = new LogDirectory(path, files, new Fence((error) => durable.fail(error)));
  await requireDirectory(directory, resolved);
  const lock = await files.lock(directory.path).catch((error: unknown) => {
    throw fileError(error, 'lock the directory', directory.path);
  });
  try {
    return await openLocked(directory, lock, durable, resolved, clock);
  } catch (error) {
    // The error that the caller must see is the first one.
    await lock.release().catch(() => {});
    throw fileError(error, 'open the log', directory.path);
  }
}

async function openLocked(
  directory: LogDirectory,
  lock: Lock,
  durable: Watermark,
  settings: ResolvedSettings,
  clock: Clock,
): Promise<Log> {
  const { cluster, log, segmentBytes, segmentMs, groupBytesMax, pendingBytesMax, batchBytesMax, checkpoint } = settings;
  const pool = new FilePool(directory, settings.openFilesMax);
  const home: SegmentHome = { directory, pool, identity: { cluster, log } };
  const found = await directory.files.list(directory.path);
  if (!found.includes(names.manifest)) {
    await requireFreshDirectory(directory, found);
    await createLog(home, settings);
  }
  // Whose directory it is comes first: another log's files are not touched.
  const manifest = await readManifest(home);
  const { fence } = directory;
  const hardState = await HardStateFile.open(directory, fence);
  const { segments, synced } = await recover(home, manifest, found, () => hardState.repair()).catch(
    async (error: unknown) => {
      await closeAll([() => pool.close(), () => hardState.close()]).catch(() => {});
      throw error;
    },
  );
  durable.set(segments.end.index);
  const limits = { segmentBytes, segmentMs, groupBytesMax, pendingBytesMax };
  const writer = new Writer({ directory, segments, synced, durable, fence, clock }, limits, checkpoint);
  const admission = { batchBytesMax, types: Object.values(batchTypes) };
  const release = (): Promise<void> =>
    closeAll([
      () => pool.close(),
      () => segments.close(),
      () => synced.close(),
      () => hardState.close(),
      () => lock.release(),
    ]).catch((error: unknown) => {
      throw fileError(error, 'close the log', directory.path);
    });
  return new SegmentedLog({ home, segments, writer, hardState, durable, fence, admission, release });
}

/** Takes every step, whatever becomes of the others, and throws the first error. */
async function closeAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

async function requireDirectory(directory: LogDirectory, { create }: ResolvedSettings): Promise<void> {
  const { path, files } = directory;
  const found = await files.list(path).catch((error: unknown): string[] => {
    if (!hasErrorCode(error, 'ENOENT')) throw fileError(error, 'list the directory', path);
    return [];
  });
  if (found.includes(names.manifest)) return;
  if (!create) {
    const message = `there is no log in ${path}, and create is false: name the directory of a log`;
    throw new LogError('wrong-directory', message, { path });
  }
  // Even where it exists: whoever made it may have been killed before its name was durable.
  await files.makeDirectory(path).catch((error: unknown) => {
    throw fileError(error, 'make the directory', path);
  });
}
