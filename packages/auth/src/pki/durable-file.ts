import { dirname } from 'node:path';
import { type Files, hasErrorCode } from '@commitlog/runtime';
import { fileError } from '../errors.js';

export const secretPermissions = 0o600;
export const publicPermissions = 0o644;

/**
 * Writes a file aside and gives it its name when it is durable: whoever reads it finds the old one or the new one, whole, and
 * nobody a secret before it has its permissions.
 *
 * @throws AuthError `file`
 */
export async function writeDurably(files: Files, path: string, text: string, permissions: number): Promise<void> {
  const aside = `${path}.new`;
  try {
    // What a process that was killed left behind may have other permissions.
    await files.remove(aside).catch((error: unknown) => {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
    });
    const file = await files.open(aside, 'create', permissions);
    try {
      file.write([Buffer.from(text)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(aside, path);
    await files.syncDirectory(dirname(path));
  } catch (error) {
    throw fileError(error, 'write', path);
  }
}
