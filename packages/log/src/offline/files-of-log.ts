import type { Files } from '@commitlog/runtime';
import { LogDirectory } from '../directory.js';
import { fileError, LogError } from '../errors.js';
import { decodeManifest, type Manifest } from '../format/manifest.js';
import { names } from '../layout.js';

/** A log's directory that is only looked at: nothing is locked, made or changed. */
export interface OfflineLog {
  readonly directory: LogDirectory;
  readonly manifest: Manifest;
  /** The names of all files in the directory, in order. */
  readonly found: readonly string[];
}

/** @throws LogError `wrong-directory` where there is no log, `corrupt` or `newer-format` when the manifest cannot be read */
export async function openOffline(dir: string, files: Files): Promise<OfflineLog> {
  const directory = new LogDirectory(dir, files);
  const found = await files.list(dir).catch((error: unknown) => {
    throw fileError(error, 'list the directory', dir);
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
