import { type Files, hasErrorCode, type OpenFile } from '@commitlog/runtime';
import { fileError, LogError } from './errors.js';
import { Fence } from './fence.js';
import { draftOf, pathIn } from './layout.js';
import { letGo, reclaim } from './reclaim.js';
import { readExactly, readRange } from './scan.js';

/**
 * One log's directory: files by name, errors in this package's words. A failed sync becomes `fenced`, whatever the file: nobody
 * knows what is durable after it, and the log's fence is closed there and then, whatever becomes of the error.
 */
export class LogDirectory {
  readonly path: string;
  readonly files: Files;
  readonly fence: Fence;

  /** @param fence none is needed where nothing is written */
  constructor(path: string, files: Files, fence: Fence = new Fence(() => {})) {
    this.path = path;
    this.files = files;
    this.fence = fence;
  }

  pathOf(name: string): string {
    return pathIn(this.path, name);
  }

  async open(name: string, mode: 'read' | 'write' | 'create'): Promise<OpenFile> {
    const path = this.pathOf(name);
    return await this.files.open(path, mode).catch((error: unknown) => {
      throw fileError(error, mode === 'create' ? `create ${name}` : `open ${name}`, path);
    });
  }

  async sizeOf(name: string): Promise<number> {
    const file = await this.open(name, 'read');
    try {
      return await file.size();
    } finally {
      await letGo(file);
    }
  }

  /** A file's bytes; `undefined` when there is no such file. For files that fit in memory. */
  async readWhole(name: string): Promise<Buffer | undefined> {
    return await this.#readWith(name, readExactly);
  }

  /** Like `readWhole`, but blocks that the disk cannot read come as zeros: for what carries checksums and is there twice, or made anew. */
  async readAround(name: string): Promise<Buffer | undefined> {
    return await this.#readWith(name, readRange);
  }

  async #readWith(name: string, read: typeof readRange): Promise<Buffer | undefined> {
    const path = this.pathOf(name);
    try {
      const file = await this.files.open(path, 'read');
      try {
        return await read(file, 0, await file.size());
      } finally {
        await letGo(file);
      }
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw fileError(error, `read ${name}`, path);
    }
  }

  /** Writes a new file and syncs it. The name is durable after `syncNames` only. The caller closes the file. */
  async createWith(name: string, bytes: Buffer): Promise<OpenFile> {
    // What an unfinished attempt left behind may stand in the way.
    await this.removeIfThere(name);
    const file = await this.open(name, 'create');
    try {
      this.write(file, name, [bytes], 0);
      await this.sync(file, name);
      return file;
    } catch (error) {
      // What went wrong first is what the caller must see.
      await letGo(file);
      await reclaim(() => this.removeIfThere(name));
      throw error;
    }
  }

  /** Puts a whole file in place: written aside, synced, renamed. After a crash there is the old one or the new one. */
  async replaceWith(name: string, bytes: Buffer): Promise<void> {
    const draft = draftOf(name);
    const file = await this.createWith(draft, bytes);
    await letGo(file);
    await this.files.rename(this.pathOf(draft), this.pathOf(name)).catch((error: unknown) => {
      throw fileError(error, `rename ${draft} to ${name}`, this.pathOf(name));
    });
  }

  write(file: OpenFile, name: string, buffers: readonly Uint8Array[], position: number): void {
    try {
      file.write(buffers, position);
    } catch (error) {
      throw fileError(error, `write ${name}`, this.pathOf(name));
    }
  }

  async sync(file: OpenFile, name: string): Promise<void> {
    await file.sync().catch((error: unknown) => {
      throw this.fail(error, name);
    });
  }

  /** Makes every creation, rename and removal in the directory durable. */
  async syncNames(): Promise<void> {
    await this.files.syncDirectory(this.path).catch((error: unknown) => {
      // No sync was tried: to open the directory takes a descriptor.
      if (hasErrorCode(error, 'EMFILE', 'ENFILE')) throw fileError(error, 'sync the directory', this.path);
      throw this.fail(error, 'the directory');
    });
  }

  async removeIfThere(name: string): Promise<void> {
    await this.files.remove(this.pathOf(name)).catch((error: unknown) => {
      if (!hasErrorCode(error, 'ENOENT')) throw fileError(error, `remove ${name}`, this.pathOf(name));
    });
  }

  /** Closes the log to writes: what is durable of `what` is unknown. Returns the error that says so. */
  fail(cause: unknown, what: string): LogError {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `syncing ${what} in ${this.path} failed (${why}): what is durable is unknown, so this log takes no more writes. Check the disk, then start again`;
    const error = new LogError('fenced', message, { path: this.path, cause });
    this.fence.close(error);
    return error;
  }
}
