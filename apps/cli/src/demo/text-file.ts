import { type Files, hasErrorCode, type OpenFile } from '@commitlog/runtime';
import { CommandError } from '../errors.js';

/** A file that somebody named, for reading. */
export class TextFile {
  readonly path: string;
  readonly #file: OpenFile;

  private constructor(path: string, file: OpenFile) {
    this.path = path;
    this.#file = file;
  }

  /** @throws CommandError `unreadable-file` */
  static async open(files: Files, path: string): Promise<TextFile> {
    return new TextFile(path, await files.open(path, 'read').catch((error: unknown) => refuse(error, path)));
  }

  async size(): Promise<number> {
    return await this.#file.size().catch((error: unknown) => refuse(error, this.path));
  }

  /** @returns fewer bytes than asked for only where the file ends */
  async read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    const read = await this.#file.read(bytes, position).catch((error: unknown) => refuse(error, this.path));
    return bytes.subarray(0, read);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function refuse(cause: unknown, path: string): never {
  throw new CommandError('unreadable-file', `cannot read ${path}: ${reason(cause)}`, { path, cause });
}

function reason(error: unknown): string {
  if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return 'there is no such file';
  if (hasErrorCode(error, 'EISDIR')) return 'it is a directory. Name a file';
  if (hasErrorCode(error, 'EACCES', 'EPERM')) return 'this user may not read it';
  if (hasErrorCode(error, 'ESPIPE', 'ENXIO')) return 'it is a pipe or a device. Name a file that can be read twice';
  return error instanceof Error ? error.message : String(error);
}
