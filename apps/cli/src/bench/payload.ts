import { Buffer } from 'node:buffer';
import type { Random } from '@commitlog/runtime';

/** What tells a run's records from others': the run's name, and a record's number. */
const nameBytes = 8;
export const sizeMin: number = nameBytes + 8;

/** The records of one run: each its number, so that whoever reads them can tell which is missing. */
export class Payload {
  readonly size: number;
  readonly #template: Buffer;

  /** @param size bytes of each: `sizeMin` at least */
  constructor(size: number, random: Random) {
    this.size = size;
    this.#template = Buffer.alloc(size, 'commitlog ');
    this.#template.set(random.bytes(nameBytes));
  }

  /** @param number from 0 up */
  make(number: number): Buffer {
    const value = Buffer.allocUnsafe(this.size);
    this.#template.copy(value);
    value.writeDoubleBE(number, nameBytes);
    return value;
  }

  /** The number of a record of this run that is as it was made; -1 of one that is not; `undefined` of another's. */
  numberOf(value: Uint8Array): number | undefined {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (!bytes.subarray(0, nameBytes).equals(this.#template.subarray(0, nameBytes))) return undefined;
    const isWhole = bytes.length === this.size && bytes.subarray(sizeMin).equals(this.#template.subarray(sizeMin));
    return isWhole ? bytes.readDoubleBE(nameBytes) : -1;
  }
}
