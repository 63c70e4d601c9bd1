import { Buffer } from 'node:buffer';
import { CommandError } from '../errors.js';

/** What a batch may hold, with what stands around a record: the server says exactly. */
export const recordBytesMax: number = 1024 * 1024;

/** Bytes as they come, cut into records: each ends where a delimiter stands, which is no part of it; what is behind the last one is a record, too. */
export class Splitter {
  readonly #delimiter: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  #count = 0;

  /** @param delimiter one byte at least */
  constructor(delimiter: Buffer) {
    this.#delimiter = delimiter;
  }

  /**
   * @returns those that end here; views of the chunk, but for the first
   * @throws CommandError `record-too-long`
   */
  push(chunk: Uint8Array): Buffer[] {
    const arrived = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const bytes = this.#rest.length === 0 ? arrived : Buffer.concat([this.#rest, arrived]);
    const records: Buffer[] = [];
    // A delimiter may have begun in what was there before.
    let search = Math.max(0, this.#rest.length - this.#delimiter.length + 1);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(this.#delimiter, search);
      if (end === -1) break;
      records.push(this.#record(bytes.subarray(start, end)));
      start = end + this.#delimiter.length;
      search = start;
    }
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > recordBytesMax + this.#delimiter.length) this.#refuse(this.#count + 1);
    return records;
  }

  /** What is behind the last delimiter, if anything is. */
  end(): Buffer[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? [] : [this.#record(rest)];
  }

  #record(bytes: Buffer): Buffer {
    this.#count += 1;
    if (bytes.length > recordBytesMax) this.#refuse(this.#count);
    return bytes;
  }

  #refuse(number: number): never {
    const message = `record ${number} has more than ${recordBytesMax} bytes, the most that a batch takes. Is the --delimiter right?`;
    throw new CommandError('record-too-long', message);
  }
}
