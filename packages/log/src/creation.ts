import type { LogDirectory } from './directory.js';
import { LogError } from './errors.js';
import { initialHardState } from './format/hard-state.js';
import { segmentHeaderBytes } from './format/segment-header.js';
import { HardStateFile, newestOf } from './hard-state-file.js';
import { identify, names } from './layout.js';
import { origin } from './position.js';
import type { SegmentHome } from './segment.js';
import { createSegment, writeManifest } from './segment-set.js';
import type { ResolvedSettings } from './settings.js';
import { SyncedFile } from './synced-file.js';

/**
 * Makes a new log in a directory. The manifest comes last: a creation that was cut short left a directory without one, and is done
 * again from the start.
 */
export async function createLog(home: SegmentHome, settings: ResolvedSettings): Promise<void> {
  const { directory, identity } = home;
  const firstId = 1;
  await HardStateFile.create(directory, { ...initialHardState, storageId: settings.storageId });
  const { segment, file } = await createSegment(home, firstId, origin);
  await file.close();
  await SyncedFile.create(directory, { segmentId: firstId, position: segment.bytes, end: origin });
  await writeManifest(directory, {
    ...identity,
    start: origin,
    nextSegmentId: firstId + 1,
    sealed: [],
    active: { id: firstId, base: origin },
  });
}

/**
 * Refuses to make a new log where there is no manifest, but something else.
 *
 * @throws LogError `corrupt` where there was a log, `wrong-directory` where other files are
 */
export async function requireFreshDirectory(directory: LogDirectory, found: readonly string[]): Promise<void> {
  const strangers = found.filter((name) => identify(name) === undefined && name !== 'lost+found');
  const [stranger] = strangers;
  if (stranger !== undefined) {
    throw new LogError(
      'wrong-directory',
      `${directory.path} is no log, and not empty: it holds ${stranger}${strangers.length > 1 ? ` and ${strangers.length - 1} more` : ''}. Name an empty directory, or one that does not exist`,
      { path: directory.path },
    );
  }
  for (const name of found) {
    if (!(await isOfUnfinishedCreation(directory, name))) {
      throw new LogError(
        'corrupt',
        `${directory.pathOf(names.manifest)} is missing, while ${name} shows that there was a log. Nothing was changed. Restore the file, or rebuild this replica from its peers`,
        { path: directory.pathOf(names.manifest) },
      );
    }
  }
}

/** Whether a file says no more than what a new log begins with. */
async function isOfUnfinishedCreation(directory: LogDirectory, name: string): Promise<boolean> {
  switch (identify(name)?.kind) {
    case 'hard-state':
      return newestOf(await HardStateFile.readCopies(directory))?.sequence === 1;
    case 'segment':
      return (await directory.sizeOf(name)) <= segmentHeaderBytes;
    case 'synced': {
      const mark = await SyncedFile.read(directory);
      return mark?.sequence === 1;
    }
    case 'checkpoint':
    case 'sparse-index':
      return false;
    default:
      return true;
  }
}
