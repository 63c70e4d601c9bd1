import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { LogError } from '@commitlog/log';
import { type Files, hasErrorCode, type OpenFile } from '@commitlog/runtime';

/** A small file beside the log, replaced as a whole: a CRC-32 (little-endian), then its content. */
export class SideFile {
  readonly path: string;
  readonly #directory: string;
  readonly #files: Files;

  constructor(directory: string, name: string, files: Files) {
    this.path = `${directory}/${name}`;
    this.#directory = directory;
    this.#files = files;
  }

  /** What was saved last; `undefined` where nothing is, or what is there fails its checksum. */
  async load(): Promise<Buffer | undefined> {
    const bytes = await readWhole(this.#files, this.path);
    if (bytes === undefined || bytes.length < 4) return undefined;
    const content = bytes.subarray(4);
    return crc32(content) === bytes.readUInt32LE(0) ? content : undefined;
  }

  /** Written aside, synced, renamed: after a crash there is the old content or the new one, and on return the new one. */
  async save(content: Uint8Array): Promise<void> {
    const crc = Buffer.alloc(4);
    crc.writeUInt32LE(crc32(content));
    const draft = `${this.path}.draft`;
    await removeIfThere(this.#files, draft);
    await writeNew(this.#files, draft, [crc, content]);
    await this.#files.rename(draft, this.path);
    await this.#files.syncDirectory(this.#directory);
  }
}

/** A file's bytes; `undefined` where there is none. */
export function readWhole(files: Files, path: string): Promise<Buffer | undefined> {
  return withFile(files, path, async (file) => {
    const bytes = Buffer.alloc(await file.size());
    return bytes.subarray(0, await file.read(bytes, 0));
  });
}

export function sizeOf(files: Files, path: string): Promise<number | undefined> {
  return withFile(files, path, (file) => file.size());
}

async function withFile<T>(files: Files, path: string, look: (file: OpenFile) => Promise<T>): Promise<T | undefined> {
  const file = await files.open(path, 'read').catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    return await look(file);
  } finally {
    await file.close();
  }
}

/** Creates a file and syncs its bytes, not its name. Where that fails for want of space, nothing of it stays. */
export async function writeNew(files: Files, path: string, buffers: readonly Uint8Array[]): Promise<void> {
  const file = await files.open(path, 'create');
  try {
    file.write(buffers, 0);
    await file.sync();
  } catch (error) {
    if (isNoSpace(error)) await removeIfThere(files, path);
    throw error;
  } finally {
    await file.close();
  }
}

export async function removeIfThere(files: Files, path: string): Promise<boolean> {
  try {
    await files.remove(path);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Whether a write found no room and nothing else is wrong with the disk: the log's words for it, or the system's. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof LogError ? error.code === 'no-space' : hasErrorCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG');
}
