import { dirname } from 'node:path';
import { type Files, hasErrorCode } from '@commitlog/runtime';
import { fileError } from '../errors.js';

export const secretPermissions = 0o600;
export const publicPermissions = 0o644;

/** A file that is to be written. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly permissions: number;
}

/**
 * Writes files aside and gives them their names when all are durable, one after the other: whoever reads one of them finds the old one or the new one, whole,
 * and nobody a secret before it has its permissions.
 *
 * A power cut between two names leaves the later ones aside, under `<path>.new`.
 *
 * @throws AuthError `file`
 */
export async function writeDurably(files: Files, ...all: readonly NewFile[]): Promise<void> {
  for (const file of all) await about(file, () => writeAside(files, file));
  for (const file of all) await about(file, () => giveName(files, file));
}

/**
 * Writes a file that is not there yet: of several who do so at once, one succeeds. A power cut may leave a part of it.
 *
 * @throws AuthError `file`, with `EEXIST` as its cause when it is there: it is then as it was
 */
export async function createDurably(files: Files, file: NewFile): Promise<void> {
  await about(file, () => create(files, file.path, file));
}

async function writeAside(files: Files, newFile: NewFile): Promise<void> {
  const aside = asideOf(newFile.path);
  // What a process that was killed left behind may have other permissions.
  await files.remove(aside).catch((error: unknown) => {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  });
  await create(files, aside, newFile);
}

async function create(files: Files, path: string, { text, permissions }: NewFile): Promise<void> {
  const file = await files.open(path, 'create', permissions);
  try {
    file.write([Buffer.from(text)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.syncDirectory(dirname(path));
}

async function giveName(files: Files, { path }: NewFile): Promise<void> {
  await files.rename(asideOf(path), path);
  await files.syncDirectory(dirname(path));
}

function asideOf(path: string): string {
  return `${path}.new`;
}

async function about({ path }: NewFile, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw fileError(error, 'write', path);
  }
}
