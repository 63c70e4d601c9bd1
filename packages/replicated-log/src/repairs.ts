import { Buffer } from 'node:buffer';
import { type Damage, type Log, LogError } from '@commitlog/log';
import type { Entry, Index } from '@commitlog/raft';
import { BatchError, checkBatch, indexOf, termOf } from '@commitlog/record';
import type { Files, OpenFile } from '@commitlog/runtime';
import { bufferOf } from './entries.js';
import { readWhole, removeIfThere } from './side-file.js';
import { type TermRun, termIn } from './term-runs.js';

/**
 * Batches that were fetched for a damaged segment. The log mends a segment at once, and what is missing comes in parts: until the last
 * of them is here, they are kept, synced, in a file of their own, back to back. Each carries its index, its term and its checksums, so
 * that nothing else need be written down.
 */
export class Repairs {
  readonly #log: Log;
  readonly #files: Files;
  readonly #directory: string;
  readonly #batches = new Map<Index, Buffer>();
  #file: OpenFile | undefined;
  #bytes = 0;

  private constructor(directory: string, files: Files, log: Log) {
    this.#directory = directory;
    this.#files = files;
    this.#log = log;
  }

  /** Finds what was fetched before a restart and is still wanted. */
  static async open(directory: string, files: Files, log: Log, runs: readonly TermRun[]): Promise<Repairs> {
    const repairs = new Repairs(directory, files, log);
    const bytes = (await readWhole(files, repairs.#path)) ?? Buffer.alloc(0);
    for (const batch of wholeBatches(bytes)) {
      repairs.#bytes += batch.length;
      const [index, term] = [indexOf(batch), termOf(batch)];
      const isOfThisLog = termIn(runs, log.durable.index, index) === term;
      if (isOfThisLog && !(await isReadable(log, index))) repairs.#batches.set(index, batch);
    }
    await repairs.mendAll();
    return repairs;
  }

  /** Whether the batch of an index is here, although the log cannot read it. */
  has(index: Index): boolean {
    return this.#batches.has(index);
  }

  get(index: Index): Buffer | undefined {
    return this.#batches.get(index);
  }

  /** Takes batches for entries that the log cannot read, durably; the segments that lack nothing any more are mended. */
  async add(entries: readonly Entry[]): Promise<void> {
    const wanted: Entry[] = [];
    for (const entry of entries) {
      if (!this.#batches.has(entry.index) && !(await isReadable(this.#log, entry.index))) wanted.push(entry);
    }
    if (wanted.length > 0) {
      await this.#write(wanted.map(({ data }) => bufferOf(data)));
      for (const { index, data } of wanted) this.#batches.set(index, Buffer.from(data));
    }
    await this.mendAll();
  }

  /** Mends what can be mended. */
  async mendAll(): Promise<void> {
    // Mending looks closer, and may find more: then it is that segment's turn again with the next batches.
    for (const segmentId of new Set(this.#log.damage.map((damage) => damage.segmentId))) {
      if (this.#holes(segmentId).every((hole) => this.#covers(hole))) await this.#mend(segmentId);
    }
    if (this.#batches.size === 0) await this.#clear();
  }

  /** The entries from `from` on are not in the log any more. */
  async truncate(from: Index): Promise<void> {
    for (const index of this.#batches.keys()) if (index >= from) this.#batches.delete(index);
    if (this.#batches.size === 0) await this.#clear();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  get #path(): string {
    return `${this.#directory}/REPAIRS`;
  }

  #holes(segmentId: number): readonly Damage[] {
    return this.#log.damage.filter((damage) => damage.segmentId === segmentId);
  }

  #covers({ firstIndex, lastIndex }: Damage): boolean {
    for (let index = firstIndex; index <= lastIndex; index += 1) if (!this.#batches.has(index)) return false;
    return true;
  }

  async #mend(segmentId: number): Promise<void> {
    const batches = this.#batches;
    const fetch = async function* (first: Index, last: Index): AsyncGenerator<Buffer> {
      for (let index = first; index <= last && batches.has(index); index += 1) yield batches.get(index)!;
    };
    const mended = this.#holes(segmentId);
    try {
      await this.#log.mend(segmentId, fetch);
    } catch (error) {
      // A hole that nobody had seen before: its batches are to be fetched as well.
      const isNewHole = this.#holes(segmentId).some((hole) => !this.#covers(hole));
      if (error instanceof LogError && error.code === 'mend' && isNewHole) return;
      throw error;
    }
    for (const { firstIndex, lastIndex } of mended) {
      for (let index = firstIndex; index <= lastIndex; index += 1) batches.delete(index);
    }
  }

  async #write(batches: readonly Buffer[]): Promise<void> {
    // Behind what is there: that was fetched before a restart, and counted since.
    this.#file ??= await this.#files.open(this.#path, this.#bytes > 0 ? 'write' : await this.#created());
    this.#file.write(batches, this.#bytes);
    await this.#file.sync();
    await this.#files.syncDirectory(this.#directory);
    this.#bytes += batches.reduce((sum, batch) => sum + batch.length, 0);
  }

  async #created(): Promise<'create'> {
    await removeIfThere(this.#files, this.#path);
    return 'create';
  }

  async #clear(): Promise<void> {
    this.#batches.clear();
    this.#bytes = 0;
    await this.close();
    await removeIfThere(this.#files, this.#path);
  }
}

/** Looks at the batch itself: a sealed segment is not read when a log is opened, and its damage not known. */
async function isReadable(log: Log, index: Index): Promise<boolean> {
  try {
    await log.read({ from: { index }, maxBytes: 1, throughIndex: index });
    return true;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    // What was trimmed is wanted no more.
    if (error.code === 'out-of-range') return true;
    if (error.damage === undefined) throw error;
    return false;
  }
}

/** The batches of a file, up to the first that is not whole: the power was cut while it was written. */
function wholeBatches(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    try {
      const length = checkBatch(bytes, at, { batchBytesMax: bytes.length - at });
      found.push(bytes.subarray(at, at + length));
      at += length;
    } catch (error) {
      if (!(error instanceof BatchError)) throw error;
      return found;
    }
  }
  return found;
}
