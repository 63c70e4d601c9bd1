import { dirname } from 'node:path';
import { type Files, hasErrorCode } from '@commitlog/runtime';
import { CommandError } from './errors.js';

/**
 * Reads a file that is no data: a configuration, a certificate, a keyring.
 *
 * @throws CommandError `unreadable-file`, `wrong-file` for one that is too long to be such
 */
export async function readText(
  path: string,
  { bytesMax }: { readonly bytesMax: number },
  { files }: { readonly files: Files },
): Promise<string> {
  try {
    const file = await files.open(path, 'read');
    try {
      const size = await file.size();
      if (size > bytesMax) {
        throw new CommandError('wrong-file', `${path} has ${size} bytes, expected ${bytesMax} at most`, { path });
      }
      // Where it says that it is empty it must be: a pipe says so of whatever comes.
      const content = Buffer.alloc(Math.max(size, 1));
      const bytes = await file.read(content, 0);
      // One that is being written has grown by now.
      if (bytes > size && (await file.size()) === 0) {
        throw new CommandError('wrong-file', `${path} is not an ordinary file`, { path });
      }
      return content.toString('utf8', 0, Math.min(bytes, size));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(error, path);
  }
}

/**
 * Writes a file that must not be there yet.
 *
 * @param permissions 0o600 for secrets
 * @throws CommandError `file-exists`, `unwritable-file`
 */
export async function writeNew(
  path: string,
  { text, permissions }: { readonly text: string; readonly permissions: number },
  { files }: { readonly files: Files },
): Promise<void> {
  let isMade = false;
  try {
    const file = await files.open(path, 'create', permissions);
    isMade = true;
    try {
      file.write([Buffer.from(text)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.syncDirectory(dirname(path));
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) throw fileExists(path);
    // Half of it would stand in the way of the next attempt.
    if (isMade) await files.remove(path).catch(() => {});
    throw unwritable(error, path);
  }
}

/** Makes a directory, and those on the way to it; one that is there is fine. @throws CommandError `unwritable-file` */
export async function makeDirectory(path: string, { files }: { readonly files: Files }): Promise<void> {
  try {
    await files.makeDirectory(path);
  } catch (error) {
    throw unwritable(error, path);
  }
}

function unwritable(error: unknown, path: string): CommandError {
  return new CommandError('unwritable-file', `${path} cannot be written: ${wordsOf(error)}`, { path, cause: error });
}

/** @throws CommandError `file-exists` */
export async function requireAbsent(path: string, { files }: { readonly files: Files }): Promise<void> {
  try {
    await (await files.open(path, 'read')).close();
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return;
    throw unreadable(error, path);
  }
  throw fileExists(path);
}

/** @throws CommandError `unreadable-file` */
export async function requireDirectory(path: string, { files }: { readonly files: Files }): Promise<void> {
  try {
    await files.list(path);
  } catch (error) {
    throw unreadable(error, path);
  }
}

function fileExists(path: string): CommandError {
  return new CommandError('file-exists', `${path} is there already, and is not replaced`, { path });
}

/** An error of the file system as one line for people; any other as it is. */
export function unreadable(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !/^E[A-Z]+$/.test(String(error.code))) return error;
  return new CommandError('unreadable-file', `${path} cannot be read: ${wordsOf(error)}`, { path, cause: error });
}

function wordsOf(error: unknown): string {
  if (hasErrorCode(error, 'ENOENT')) return 'it is not there';
  if (hasErrorCode(error, 'EACCES', 'EPERM')) return 'this user may not';
  if (hasErrorCode(error, 'EISDIR')) return 'it is a directory';
  if (hasErrorCode(error, 'EEXIST', 'ENOTDIR')) return 'there is a file in its place';
  if (hasErrorCode(error, 'ENOSPC')) return 'the disk is full';
  if (hasErrorCode(error, 'ESPIPE')) return 'it is a pipe, and an ordinary file is expected';
  return error instanceof Error ? error.message : String(error);
}
