import type { OpenFile } from '@commitlog/runtime';
import type { LogDirectory } from './directory.js';
import { LogError } from './errors.js';
import type { Fence } from './fence.js';
import {
  copyBytes,
  copyDistance,
  decodeCopy,
  encodeCopy,
  type HardState,
  type HardStateCopy,
} from './format/hard-state.js';
import { names } from './layout.js';

/** The file of Raft's hard state: two copies, so that one damaged sector loses no vote. */
export class HardStateFile {
  readonly #directory: LogDirectory;
  readonly #file: OpenFile;
  readonly #fence: Fence;
  #sequence: number;
  #state: HardState;
  /** The copy to write first: never the only good one. */
  #firstCopy: number;
  readonly #hasStale: boolean;
  #saving: Promise<unknown> = Promise.resolve();

  /** @param stale the copy that is not the newest state, 0 or 1; −1 when both are */
  private constructor(directory: LogDirectory, fence: Fence, file: OpenFile, newest: HardStateCopy, stale: number) {
    this.#directory = directory;
    this.#fence = fence;
    this.#file = file;
    this.#sequence = newest.sequence;
    this.#state = newest.state;
    this.#hasStale = stale >= 0;
    this.#firstCopy = Math.max(0, stale);
  }

  /** Puts a new file in place, without syncing its name. */
  static async create(directory: LogDirectory, state: HardState): Promise<void> {
    const copy = { sequence: 1, state };
    const bytes = Buffer.alloc(copyDistance + copyBytes);
    encodeCopy(copy).copy(bytes);
    encodeCopy(copy).copy(bytes, copyDistance);
    await directory.replaceWith(names.hardState, bytes);
  }

  /** @throws LogError `corrupt` when the file is missing or neither copy can be read: a forgotten vote could elect two leaders */
  static async open(directory: LogDirectory, fence: Fence): Promise<HardStateFile> {
    const path = directory.pathOf(names.hardState);
    const copies = await HardStateFile.readCopies(directory);
    const newest = newestOf(copies);
    if (newest === undefined) {
      const found = copies === undefined ? 'is missing' : 'is damaged in both copies';
      throw new LogError(
        'corrupt',
        `${path} ${found}, and with it what this replica has promised. Nothing was changed. Rebuild it from its peers under a new storage id`,
        { path },
      );
    }
    const file = await directory.open(names.hardState, 'write');
    const stale = copies?.findIndex((copy) => copy?.sequence !== newest.sequence) ?? -1;
    return new HardStateFile(directory, fence, file, newest, stale);
  }

  /** Makes both copies good, where a crash or damage has left one: they are to be before the next change overwrites either. */
  async repair(): Promise<void> {
    if (this.#hasStale) await this.save(this.#state);
  }

  /** The two copies as they are in the file, `undefined` for one that cannot be read; `undefined` without a file. */
  static async readCopies(directory: LogDirectory): Promise<readonly (HardStateCopy | undefined)[] | undefined> {
    const bytes = await directory.readAround(names.hardState);
    return bytes && [decodeCopy(bytes), decodeCopy(bytes.subarray(copyDistance))];
  }

  /** What was saved last. */
  get state(): HardState {
    return this.#state;
  }

  /**
   * Makes a state durable: on return, both copies hold it. Calls are carried out one after the other.
   *
   * @throws LogError `settings` for a field out of range, `fenced` when a sync fails. The old state stands until the next start, which
   * may find either: one copy may have been written
   */
  async save(state: HardState): Promise<void> {
    // Its owner may change it before its turn comes.
    const copy = { ...state };
    const saved = this.#saving.then(() => this.#writeBoth(copy));
    this.#saving = saved.catch(() => {});
    await saved;
  }

  async close(): Promise<void> {
    await this.#saving;
    await this.#file.close();
  }

  async #writeBoth(state: HardState): Promise<void> {
    this.#fence.check();
    const sequence = this.#sequence + 1;
    const bytes = encodeCopy({ sequence, state });
    this.#sequence = sequence;
    for (const copy of [this.#firstCopy, 1 - this.#firstCopy]) {
      // Should this write fail, the other copy is the good one.
      this.#firstCopy = copy;
      this.#directory.write(this.#file, names.hardState, [bytes], copy * copyDistance);
      await this.#directory.sync(this.#file, names.hardState);
    }
    this.#state = state;
  }
}

export function newestOf(copies: readonly (HardStateCopy | undefined)[] | undefined): HardStateCopy | undefined {
  const readable = copies?.filter((copy) => copy !== undefined) ?? [];
  return readable.sort((a, b) => b.sequence - a.sequence)[0];
}
