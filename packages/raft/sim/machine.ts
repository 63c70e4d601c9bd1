import type { Index } from '../src/index.js';

/** The smallest state machine that notices everything: how many payloads were applied, and a hash over their order. */
export class Machine {
  index: Index = 0;
  count = 0;
  hash = 0;

  apply(index: Index, data: Uint8Array): void {
    this.index = index;
    if (data.byteLength === 0) return;
    this.count += 1;
    this.hash = (Math.imul(this.hash, 0x01000193) ^ payloadId(data)) >>> 0;
  }

  skip(index: Index): void {
    this.index = index;
  }

  /**
   * @param paddingBytes makes the snapshot long, so that it goes in several chunks
   * @param salt differs from machine to machine: no two write the same bytes, though their state is the same
   */
  snapshot(paddingBytes: number, salt: number): Uint8Array {
    const bytes = new Uint8Array(headerBytes + paddingBytes + (salt % 7));
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, this.index, true);
    view.setUint32(8, this.count, true);
    view.setUint32(12, this.hash, true);
    view.setUint32(16, salt, true);
    for (let at = headerBytes; at < bytes.length; at++) bytes[at] = (at + salt) & 0xff;
    return bytes;
  }

  restore(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const salt = view.getUint32(16, true);
    for (let at = headerBytes; at < bytes.length; at++) {
      if (bytes[at] !== ((at + salt) & 0xff)) {
        throw new Error(`a snapshot's byte ${at} is wrong: its chunks were mixed`);
      }
    }
    this.index = view.getFloat64(0, true);
    this.count = view.getUint32(8, true);
    this.hash = view.getUint32(12, true);
  }
}

const headerBytes = 20;

/** Payloads carry a number that no other payload carries. */
export function payload(id: number, bytes: number): Uint8Array {
  const data = new Uint8Array(Math.max(4, bytes));
  new DataView(data.buffer).setUint32(0, id, true);
  return data;
}

export function payloadId(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0, true);
}
