import { Buffer } from 'node:buffer';
import { RaftError, type SnapshotMeta } from '@commitlog/raft';
import type { Files, OpenFile } from '@commitlog/runtime';
import { bufferOf } from './entries.js';
import { removeIfThere } from './side-file.js';

/**
 * A snapshot that comes part by part. The parts are in memory; a file beside the log holds the same, for the sake of its room alone: a disk
 * without that much refuses a part, and one that is full by the time all is here has what the installation takes.
 */
export class StagedSnapshot {
  readonly #files: Files;
  readonly #path: string;
  #file: OpenFile | undefined;
  #id: string | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(directory: string, files: Files) {
    this.#files = files;
    this.#path = `${directory}/STAGED`;
  }

  /** Takes the next part; the one at 0 begins anew. Where one finds no room, those before it are forgotten, as Raft forgets them. */
  async add({ id }: SnapshotMeta, offset: number, data: Uint8Array): Promise<void> {
    if (offset === 0) {
      await this.clear();
      this.#file = await this.#files.open(this.#path, 'create');
      this.#id = id;
    }
    if (this.#file === undefined) return;
    const part = bufferOf(data);
    try {
      this.#file.write([part], this.#bytes);
      await this.#file.sync();
    } catch (error) {
      await this.clear().catch(() => {});
      throw error;
    }
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  /**
   * Hands the whole out, and its room back.
   *
   * @throws RaftError `ERR_RAFT_STORAGE` when it is another that was staged
   */
  async take(id: string): Promise<Buffer> {
    if (this.#id !== id) throw new RaftError('ERR_RAFT_STORAGE', `snapshot ${id} was never staged`);
    const whole = Buffer.concat(this.#parts);
    await this.clear();
    return whole;
  }

  /** Forgets what is there, also of a process before this one. */
  async clear(): Promise<void> {
    await this.close();
    await removeIfThere(this.#files, this.#path);
  }

  /** Forgets what is in memory; the file is removed at the next start. */
  async close(): Promise<void> {
    const file = this.#file;
    [this.#file, this.#id, this.#parts, this.#bytes] = [undefined, undefined, [], 0];
    await file?.close();
  }
}
