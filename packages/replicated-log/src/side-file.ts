import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { LogError } from '@commitlog/log';
import { RaftError } from '@commitlog/raft';
import { type Files, hasErrorCode, type OpenFile } from '@commitlog/runtime';

const version = 1;
const headerBytes = 8;

/**
 * A small file beside the log, replaced as a whole. Little-endian: u32 CRC-32 of what follows, u32 version of what follows, now 1, and
 * the content.
 */
export class SideFile {
  readonly path: string;
  readonly #directory: string;
  readonly #files: Files;

  constructor(directory: string, name: string, files: Files) {
    this.path = `${directory}/${name}`;
    this.#directory = directory;
    this.#files = files;
  }

  /**
   * What was saved last; `undefined` where nothing is, or what is there fails its checksum.
   *
   * @throws RaftError `ERR_RAFT_STORAGE` when a later version wrote it
   */
  async load(): Promise<Buffer | undefined> {
    const bytes = await readWhole(this.#files, this.path);
    if (bytes === undefined || bytes.length < headerBytes) return undefined;
    if (crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
    const found = bytes.readUInt32LE(4);
    if (found === version) return bytes.subarray(headerBytes);
    const message = `${this.path} is of version ${found}, and this program reads version ${version}: use the version that wrote it, or a later one`;
    throw new RaftError('ERR_RAFT_STORAGE', message);
  }

  /** Written aside, synced, renamed: after a crash there is the old content or the new one, and on return the new one. */
  async save(content: Uint8Array): Promise<void> {
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32LE(version, 4);
    header.writeUInt32LE(crc32(content, crc32(header.subarray(4))), 0);
    const draft = `${this.path}.draft`;
    await removeIfThere(this.#files, draft);
    await writeNew(this.#files, draft, [header, content]);
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
