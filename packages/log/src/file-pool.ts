import type { OpenFile } from '@commitlog/runtime';
import type { LogDirectory } from './directory.js';
import { letGo } from './reclaim.js';

interface PooledFile {
  readonly opened: Promise<OpenFile>;
  /** What `opened` has led to. */
  file: OpenFile | undefined;
  users: number;
  isForgotten: boolean;
}

/** Files open for reading, at most `openMax` that nobody is reading at the moment. */
export class FilePool {
  readonly #directory: LogDirectory;
  #openMax: number;
  /** In the order of their last use. */
  readonly #byName = new Map<string, PooledFile>();

  constructor(directory: LogDirectory, openMax: number) {
    this.#directory = directory;
    this.#openMax = openMax;
  }

  /** Lends a file to `read`, and keeps it open as long as that lasts. */
  async use<T>(name: string, read: (file: OpenFile) => Promise<T>): Promise<T> {
    const pooled = this.#take(name);
    try {
      // A file that is open is read at once: even a promise that is kept makes its reader wait for the end of what the caller does next.
      return await read(pooled.file ?? (await pooled.opened));
    } finally {
      pooled.users -= 1;
      if (pooled.isForgotten) await this.#closeIfUnused(pooled);
      else await this.#evict();
    }
  }

  /** Closes a file as soon as nobody reads it: it was removed, or is about to be. */
  async forget(name: string): Promise<void> {
    const pooled = this.#byName.get(name);
    if (pooled === undefined) return;
    this.#byName.delete(name);
    pooled.isForgotten = true;
    await this.#closeIfUnused(pooled);
  }

  /** Closes all files, those that are being read once that is done. A read that comes later opens its file for itself. */
  async close(): Promise<void> {
    this.#openMax = 0;
    for (const name of [...this.#byName.keys()]) await this.forget(name);
  }

  #take(name: string): PooledFile {
    let pooled = this.#byName.get(name);
    if (pooled === undefined) {
      const opened = this.#directory.open(name, 'read');
      pooled = { opened, file: undefined, users: 0, isForgotten: false };
      const opening = pooled;
      opened.then(
        (file) => {
          opening.file = file;
        },
        () => {
          // Whoever asked gets the error; the next one tries again.
          if (this.#byName.get(name) === opening) this.#byName.delete(name);
        },
      );
    }
    this.#byName.delete(name);
    this.#byName.set(name, pooled);
    pooled.users += 1;
    return pooled;
  }

  async #evict(): Promise<void> {
    if (this.#byName.size <= this.#openMax) return;
    for (const [name, pooled] of this.#byName) {
      if (pooled.users === 0) return await this.forget(name);
    }
  }

  async #closeIfUnused(pooled: PooledFile): Promise<void> {
    if (pooled.users > 0) return;
    await letGo(await pooled.opened.catch(() => undefined));
  }
}
