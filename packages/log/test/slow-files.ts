import type { Files, OpenFile } from '@commitlog/runtime';
import type { SeededRandom } from '@commitlog/simulation';

/**
 * A file system whose calls take a while, now a few turns of the microtask queue, now some of the event loop, before they take effect and
 * after: on a simulated disk alone, everything happens in the order in which it was asked for.
 */
export class SlowFiles {
  readonly files: Files;
  readonly #random: SeededRandom;
  readonly #open = new Map<OpenFile, string>();

  constructor(files: Files, random: SeededRandom) {
    this.#random = random;
    this.files = {
      open: (...call) => this.#slowly(async () => this.#slowFile(await files.open(...call), call[0])),
      absolute: (path) => files.absolute(path),
      list: (...call) => this.#slowly(() => files.list(...call)),
      makeDirectory: (...call) => this.#slowly(() => files.makeDirectory(...call)),
      rename: (...call) => this.#slowly(() => files.rename(...call)),
      remove: (...call) => this.#slowly(() => files.remove(...call)),
      syncDirectory: (...call) => this.#slowly(() => files.syncDirectory(...call)),
      lock: (...call) => this.#slowly(() => files.lock(...call)),
    };
  }

  /** The paths of the files that are open. */
  get openPaths(): string[] {
    return [...this.#open.values()];
  }

  #slowFile(file: OpenFile, path: string): OpenFile {
    const slow: OpenFile = {
      size: () => this.#slowly(() => file.size()),
      permissions: () => this.#slowly(() => file.permissions()),
      read: (...call) => this.#slowly(() => file.read(...call)),
      write: (...call) => file.write(...call),
      resize: (...call) => this.#slowly(() => file.resize(...call)),
      sync: () => this.#slowly(() => file.sync()),
      close: () =>
        this.#slowly(async () => {
          this.#open.delete(slow);
          await file.close();
        }),
    };
    this.#open.set(slow, path);
    return slow;
  }

  async #slowly<T>(call: () => Promise<T>): Promise<T> {
    await this.#delay();
    const result = await call();
    await this.#delay();
    return result;
  }

  async #delay(): Promise<void> {
    const kind = this.#random.below(10);
    if (kind < 5) return;
    if (kind < 8) for (let turns = this.#random.below(20); turns > 0; turns -= 1) await Promise.resolve();
    else for (let turns = 1 + this.#random.below(4); turns > 0; turns -= 1) await nextTurn();
  }
}

/** One turn of the event loop. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((next) => setImmediate(next));
}
