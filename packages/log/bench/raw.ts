import fs from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { batchTypes, headerBytes } from '@commitlog/record';

const datasync = promisify(fs.fdatasync);

/**
 * The least that a durable append with group commit can cost: a header, a checksum and a promise for each, one `writevSync` and one
 * asynchronous `fdatasync` for all that is waiting. It checks nothing, knows no segments, and could not recover.
 */
export class RawLog {
  readonly #descriptor: number;
  #waiting: { batch: Buffer; resolve: () => void }[] = [];
  #position = 0;
  #index = 0;
  #isDraining = false;

  constructor(path: string) {
    this.#descriptor = fs.openSync(path, 'w');
  }

  append(batch: Buffer): Promise<void> {
    this.#index += 1;
    batch.writeUInt32LE(batch.length, 4);
    writeUint64(batch, this.#index, 8);
    writeUint64(batch, 1, 16);
    writeUint64(batch, this.#index, 24);
    batch.writeUInt32LE(1, 32);
    batch.writeUInt8(batchTypes.data, 36);
    batch.writeUInt8(0, 37);
    batch.writeUInt16LE(0, 38);
    writeUint64(batch, 0, 40);
    batch.writeUInt32LE(0, 48);
    batch.writeUInt32LE(crc32(batch.subarray(headerBytes)), 52);
    writeUint64(batch, Date.now(), 56);
    return new Promise((resolve) => {
      this.#waiting.push({ batch, resolve });
      if (this.#isDraining) return;
      this.#isDraining = true;
      queueMicrotask(() => void this.#drain());
    });
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      this.#position += fs.writevSync(
        this.#descriptor,
        group.map(({ batch }) => batch),
        this.#position,
      );
      await datasync(this.#descriptor);
      for (const { resolve } of group) resolve();
      // Those who were woken append at once, and belong to the next group.
      await Promise.resolve();
    }
    this.#isDraining = false;
  }
}

function writeUint64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value >>> 0, at);
  buffer.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

/**
 * The least that reading files and checksumming their bytes can cost, when each piece is the caller's to keep, as it is with the log: a
 * loop that reads everything into one buffer does less, since it never touches new memory.
 */
export function rawRead(paths: readonly string[]): number {
  let bytes = 0;
  for (const path of paths) {
    const descriptor = fs.openSync(path, 'r');
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(1 << 20);
      const read = fs.readSync(descriptor, chunk);
      if (read === 0) break;
      crc32(chunk.subarray(0, read));
      bytes += read;
    }
    fs.closeSync(descriptor);
  }
  return bytes;
}
