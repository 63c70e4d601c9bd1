import { Buffer } from 'node:buffer';
import type { Files } from '@commitlog/runtime';
import { isNoSpace, removeIfThere, sizeOf, writeNew } from './side-file.js';

/** Enough for a new segment and a manifest of some thousand segments. */
const reserveBytes = 256 * 1024;

/**
 * Space that is written before it is needed. A cut makes the log shorter, and takes a new segment and a new manifest to do it: on a full
 * disk they get this file's room, and so does a restart, which takes a lock and rewrites the manifest. (Hard state needs none: it is
 * rewritten in place.) Each directory whose owner must start on a full disk has one of its own, `RESERVE`.
 */
export class Reserve {
  readonly #files: Files;
  readonly #path: string;
  #isThere = false;
  /** A file that one makes, another must not remove, nor make as well. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, files: Files) {
    this.#files = files;
    this.#path = `${directory}/RESERVE`;
  }

  /**
   * Sees to it that the reserve is there.
   *
   * @returns false where there is no room for it
   */
  async fill(): Promise<boolean> {
    return this.#isThere || (await this.#inTurn(() => this.#fill()));
  }

  async #fill(): Promise<boolean> {
    if (this.#isThere) return true;
    await removeIfThere(this.#files, this.#probe);
    // One that a power cut left short is as good as none.
    if ((await sizeOf(this.#files, this.#path)) !== reserveBytes) {
      await removeIfThere(this.#files, this.#path);
      if (!(await isWritable(this.#files, this.#path, reserveBytes))) return false;
    }
    this.#isThere = true;
    return true;
  }

  /**
   * Does something that must fit; where it does not, once more with the reserve's room.
   *
   * @throws what `run` throws
   */
  spend<T>(run: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      try {
        return await run();
      } catch (error) {
        if (!isNoSpace(error)) throw error;
        this.#isThere = false;
        if (!(await removeIfThere(this.#files, this.#path))) throw error;
        return await run();
      }
    });
  }

  /** Whether so many bytes would fit beside the reserve. */
  hasRoom(bytes: number): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!(await this.#fill())) return false;
      const fits = await isWritable(this.#files, this.#probe, bytes);
      await removeIfThere(this.#files, this.#probe);
      return fits;
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Written to see whether there is room, and removed again; a crash in between may leave it. */
  get #probe(): string {
    return `${this.#path}.probe`;
  }
}

async function isWritable(files: Files, path: string, bytes: number): Promise<boolean> {
  try {
    await writeNew(files, path, [Buffer.alloc(bytes, 0xff)]);
    return true;
  } catch (error) {
    if (isNoSpace(error)) return false;
    throw error;
  }
}
