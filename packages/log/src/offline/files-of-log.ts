import { isDeepStrictEqual } from 'node:util';
import { type Files, hasErrorCode } from '@commitlog/runtime';
import { LogDirectory } from '../directory.js';
import { fileError, LogError } from '../errors.js';
import { decodeManifest, type Manifest } from '../format/manifest.js';
import { names } from '../layout.js';
import { requireDir, requireFiles } from '../settings.js';

/** A log's directory that is only looked at: nothing is locked, made or changed. */
export interface OfflineLog {
  readonly directory: LogDirectory;
  readonly manifest: Manifest;
  /** The names of all files in the directory, in order. */
  readonly found: readonly string[];
}

/** @throws LogError `wrong-directory` where there is no log, `corrupt` or `newer-format` when the manifest cannot be read */
async function openOffline(dir: string, files: Files): Promise<OfflineLog> {
  const directory = new LogDirectory(dir, files);
  const found = await files.list(dir).catch((error: unknown) => {
    if (!hasErrorCode(error, 'ENOENT')) throw fileError(error, 'list the directory', dir);
    throw new LogError('wrong-directory', `there is no directory ${dir}: name the directory of a log`, { path: dir });
  });
  const manifest = await directory.readWhole(names.manifest);
  if (manifest === undefined) {
    throw new LogError(
      'wrong-directory',
      `there is no log in ${dir}: it has no ${names.manifest}. Name the directory of a log`,
      { path: dir },
    );
  }
  return { directory, manifest: decodeManifest(manifest, directory.pathOf(names.manifest)), found };
}

/** What a file that is gone says; any other error is thrown on. */
export function undefinedIfMissing(error: unknown): undefined {
  if (!(error instanceof LogError && hasErrorCode(error.cause, 'ENOENT'))) throw error;
}

/** How often a log that changes meanwhile is looked at, before that is given up. */
const attemptsMax = 5;

/**
 * Looks at a log, and looks again when its manifest has changed meanwhile: a log that somebody has open loses and gains files.
 *
 * @throws LogError `locked` when it changes every time
 */
export async function whileUnchanged<T>(
  dir: string,
  components: { readonly files: Files },
  look: (log: OfflineLog) => Promise<T>,
): Promise<T> {
  requireDir(dir);
  const files = requireFiles(components);
  const path = files.absolute(dir);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const before = await openOffline(path, files);
    const [seen] = await Promise.allSettled([look(before)]);
    const after = await openOffline(path, files);
    if (!isDeepStrictEqual(before.manifest, after.manifest)) continue;
    if (seen.status === 'rejected') throw seen.reason;
    return seen.value;
  }
  throw new LogError(
    'locked',
    `${dir} is in use, and changes faster than it can be looked at: stop whoever has it open, then try again`,
    { path: dir },
  );
}
