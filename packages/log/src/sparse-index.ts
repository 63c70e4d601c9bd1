import { crc32 } from 'node:zlib';
import { appendTimeOf, baseOffsetOf, indexOf } from '@commitlog/record';
import { readU64, writeU64 } from './format/number.js';
import { segmentHeaderBytes } from './format/segment-header.js';
import type { LogPosition } from './position.js';

/** Where a batch stands, and what it can be looked up by. */
export interface IndexEntry {
  readonly index: number;
  /** Offset of the batch's first record. */
  readonly offset: number;
  /** Bytes from the start of the segment file. */
  readonly position: number;
  /** Append time in ms. */
  readonly time: number;
}

/** One entry about every so many bytes of log. */
const spacingBytes = 32 * 1024;
const capacityMin = 16;
const entryBytes = 20;
const fileHeaderBytes = 20;
const magic = 0x31584449; // "IDX1"

/**
 * Where some of a segment's batches are: the first, then one about every 32 KiB. Index, offset, position and time all grow
 * together, so one binary search serves every look-up. 20 bytes an entry, 0.6 MB a GiB of log.
 */
export class SparseIndex {
  readonly #base: LogPosition;
  #count = 0;
  // Index, offset and position are stored as distances from the segment's base: a segment is below 4 GiB, and an index or an
  // offset takes at least a byte of it.
  #indexes = new Uint32Array(capacityMin);
  #offsets = new Uint32Array(capacityMin);
  #positions = new Uint32Array(capacityMin);
  #times = new Float64Array(capacityMin);

  /** @param base the point before the segment's first batch */
  constructor(base: LogPosition) {
    this.#base = base;
  }

  get byteLength(): number {
    return this.#positions.length * entryBytes;
  }

  /** The time of the segment's first batch. */
  get firstTime(): number | undefined {
    return this.#count === 0 ? undefined : this.#times[0];
  }

  /** Takes note of the next batch, at `at` in `bytes` and at `position` in the file, if the last one noted is far enough behind it. */
  offer(position: number, bytes: Buffer, at: number): void {
    if (this.isDue(position)) this.add(entryOf(position, bytes, at));
  }

  /** Whether the last batch noted is so far from this position that one which stands there is to be. */
  isDue(position: number): boolean {
    return this.#count === 0 || position - this.#positions[this.#count - 1]! >= spacingBytes;
  }

  /** Takes note of the next batch, however near the last one is. */
  add(entry: IndexEntry): void {
    if (this.#count === this.#positions.length) this.#resize(Math.max(capacityMin, this.#count * 2));
    this.#indexes[this.#count] = entry.index - this.#base.index;
    this.#offsets[this.#count] = entry.offset - this.#base.nextOffset;
    this.#positions[this.#count] = entry.position;
    this.#times[this.#count] = entry.time;
    this.#count += 1;
  }

  /** Gives back the room kept for growth. */
  shrink(): void {
    this.#resize(this.#count);
  }

  /** The last entry at or below an index. */
  floorByIndex(index: number): IndexEntry {
    return this.#lastWhere((at) => this.#indexes[at]! + this.#base.index <= index);
  }

  /** The last entry that starts at or below an offset. */
  floorByOffset(offset: number): IndexEntry {
    return this.#lastWhere((at) => this.#offsets[at]! + this.#base.nextOffset <= offset);
  }

  /** The last entry before a time; many batches can share one, so the first of them may stand behind it. */
  floorByTime(time: number): IndexEntry {
    return this.#lastWhere((at) => this.#times[at]! < time);
  }

  *entries(): Generator<IndexEntry> {
    for (let at = 0; at < this.#count; at += 1) yield this.#entry(at);
  }

  encode(segmentId: number): Buffer {
    const bytes = Buffer.alloc(fileHeaderBytes + this.#count * entryBytes);
    bytes.writeUInt32LE(magic, 4);
    writeU64(bytes, segmentId, 8);
    bytes.writeUInt32LE(this.#count, 16);
    for (let entry = 0, at = fileHeaderBytes; entry < this.#count; entry += 1, at += entryBytes) {
      bytes.writeUInt32LE(this.#indexes[entry]!, at);
      bytes.writeUInt32LE(this.#offsets[entry]!, at + 4);
      bytes.writeUInt32LE(this.#positions[entry]!, at + 8);
      bytes.writeDoubleLE(this.#times[entry]!, at + 12);
    }
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    return bytes;
  }

  /**
   * The index in a cache file; `undefined` when there is any doubt about it.
   *
   * @param segmentBytes where the segment ends; an index that leads further is of a time before the segment was truncated
   */
  static decode(bytes: Buffer, segmentId: number, base: LogPosition, segmentBytes: number): SparseIndex | undefined {
    if (bytes.length < fileHeaderBytes || bytes.readUInt32LE(4) !== magic) return undefined;
    const count = bytes.readUInt32LE(16);
    if (bytes.length !== fileHeaderBytes + count * entryBytes) return undefined;
    if (bytes.readUInt32LE(0) !== crc32(bytes.subarray(4)) || readU64(bytes, 8) !== segmentId) return undefined;
    const index = new SparseIndex(base);
    index.#resize(count);
    for (let entry = 0, at = fileHeaderBytes; entry < count; entry += 1, at += entryBytes) {
      index.#indexes[entry] = bytes.readUInt32LE(at);
      index.#offsets[entry] = bytes.readUInt32LE(at + 4);
      index.#positions[entry] = bytes.readUInt32LE(at + 8);
      index.#times[entry] = bytes.readDoubleLE(at + 12);
    }
    index.#count = count;
    const leadsTooFar = count > 0 && index.#positions[count - 1]! >= segmentBytes;
    return leadsTooFar ? undefined : index;
  }

  /** The last entry of which a condition holds that holds up to some entry and for none behind; else the start of the segment. */
  #lastWhere(holds: (at: number) => boolean): IndexEntry {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(middle)) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? this.#segmentStart() : this.#entry(low - 1);
  }

  #segmentStart(): IndexEntry {
    const { index, nextOffset, appendTime } = this.#base;
    return { index: index + 1, offset: nextOffset, position: segmentHeaderBytes, time: appendTime };
  }

  #entry(at: number): IndexEntry {
    return {
      index: this.#indexes[at]! + this.#base.index,
      offset: this.#offsets[at]! + this.#base.nextOffset,
      position: this.#positions[at]!,
      time: this.#times[at]!,
    };
  }

  #resize(capacity: number): void {
    const resized = <T extends Uint32Array | Float64Array>(from: T, to: T): T => {
      to.set(from.subarray(0, Math.min(this.#count, capacity)));
      return to;
    };
    this.#indexes = resized(this.#indexes, new Uint32Array(capacity));
    this.#offsets = resized(this.#offsets, new Uint32Array(capacity));
    this.#positions = resized(this.#positions, new Uint32Array(capacity));
    this.#times = resized(this.#times, new Float64Array(capacity));
  }
}

/** The entry of the batch at `at` in `bytes`, which stands at `position` in the file. */
export function entryOf(position: number, bytes: Buffer, at: number): IndexEntry {
  return { index: indexOf(bytes, at), offset: baseOffsetOf(bytes, at), position, time: appendTimeOf(bytes, at) };
}
