import type { OpenFile } from '@commitlog/runtime';
import type { LogDirectory } from './directory.js';
import { decodeSlot, encodeSlot, type SyncedMark, slotBytes, slotDistance } from './format/synced.js';
import { names } from './layout.js';

/** A mark as it stands in the file. */
export interface NumberedMark extends SyncedMark {
  readonly sequence: number;
}

/**
 * The file that remembers how far the log was synced. Writing a mark costs a copy into the page cache; it is durable after `sync`.
 *
 * One slot is always durable and left alone. The other is rewritten as often as there is news, and becomes the durable one when it was
 * synced: whatever a power cut makes of the slot being written, the older mark is there.
 */
export class SyncedFile {
  readonly #directory: LogDirectory;
  readonly #file: OpenFile;
  #sequence: number;
  /** The slot that is not known to be durable, 0 or 1. */
  #scratchSlot = 1;
  #latest: SyncedMark;
  /** The mark in the durable slot. */
  #durable: SyncedMark;
  #syncing: Promise<void> | undefined;

  private constructor(directory: LogDirectory, file: OpenFile, sequence: number, mark: SyncedMark) {
    this.#directory = directory;
    this.#file = file;
    this.#sequence = sequence;
    this.#latest = mark;
    this.#durable = mark;
  }

  /** Puts a new file in place, without syncing its name. */
  static async create(directory: LogDirectory, mark: SyncedMark, sequence = 1): Promise<void> {
    const bytes = Buffer.alloc(slotDistance + slotBytes);
    // Twice, so that one damaged slot does not take the mark with it.
    for (const at of [0, slotDistance]) encodeSlot({ sequence, ...mark }).copy(bytes, at);
    await directory.replaceWith(names.synced, bytes);
  }

  /**
   * Puts a new file in place, with the newest mark, and opens that. What a killed process left in the file may be in the page cache
   * alone, and written over in place it could be torn: then an older mark would count, and batches behind it for torn.
   *
   * @param newest what `read` has found, or what is known to follow it
   */
  static async open(directory: LogDirectory, newest: NumberedMark): Promise<SyncedFile> {
    const { segmentId, position, end } = newest;
    const sequence = newest.sequence + 1;
    await SyncedFile.create(directory, { segmentId, position, end }, sequence);
    await directory.syncNames();
    const file = await directory.open(names.synced, 'write');
    return new SyncedFile(directory, file, sequence, { segmentId, position, end });
  }

  /** The newest mark in the file; `undefined` when the file is missing, or neither slot can be read. */
  static async read(directory: LogDirectory): Promise<NumberedMark | undefined> {
    const bytes = await directory.readAround(names.synced);
    if (bytes === undefined) return undefined;
    const slots = [decodeSlot(bytes), decodeSlot(bytes.subarray(slotDistance))].filter((slot) => slot !== undefined);
    const [newest] = slots.sort((a, b) => b.sequence - a.sequence);
    return newest;
  }

  /** The newest mark that is in the file, or that the next sync puts there. */
  get latest(): SyncedMark {
    return this.#latest;
  }

  /** Takes note of a new mark. */
  write(mark: SyncedMark): void {
    // Bytes that change while they are being synced may reach the disk half: the mark waits for the next write.
    if (this.#syncing === undefined) this.#writeSlot(mark);
    this.#latest = mark;
  }

  /** Makes durable what was the latest mark at the time of the call, or a later one. */
  async sync(): Promise<void> {
    // A sync that is under way may have begun before that mark.
    await this.#syncing;
    if (this.#latest === this.#durable) return;
    this.#syncing ??= this.#syncSlot().finally(() => {
      this.#syncing = undefined;
    });
    await this.#syncing;
  }

  /** Makes a mark durable in both slots: none that is older is left, whichever of them can be read. */
  async syncBoth(mark: SyncedMark): Promise<void> {
    for (let slot = 0; slot < 2; slot += 1) {
      this.write({ ...mark });
      await this.sync();
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #syncSlot(): Promise<void> {
    const mark = this.#latest;
    this.#writeSlot(mark);
    await this.#directory.sync(this.#file, names.synced);
    this.#scratchSlot = 1 - this.#scratchSlot;
    this.#durable = mark;
  }

  #writeSlot({ segmentId, position, end }: SyncedMark): void {
    this.#sequence += 1;
    const bytes = encodeSlot({ sequence: this.#sequence, segmentId, position, end });
    try {
      this.#directory.write(this.#file, names.synced, [bytes], this.#scratchSlot * slotDistance);
    } catch (error) {
      // Nobody knows what is in that slot now, and whoever asks is to write again.
      this.#latest = this.#durable;
      throw error;
    }
  }
}
