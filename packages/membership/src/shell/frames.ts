import { Buffer } from 'node:buffer';
import type { ByteStream } from '@commitlog/runtime';
import { MembershipError } from '../core/index.js';

const lengthBytes = 4;

/** Messages over a stream of bytes: each with its length, 32 bits, before it. */
export class Frames {
  readonly #stream: ByteStream;
  readonly #incoming: AsyncIterator<Uint8Array>;
  #buffered: Buffer = Buffer.alloc(0);

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.#incoming = stream.incoming[Symbol.asyncIterator]();
  }

  async write(frame: Uint8Array): Promise<void> {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32BE(frame.length, 0);
    await this.#stream.write(Buffer.concat([length, frame]));
  }

  /**
   * The next message.
   *
   * @param bytesMax a longer one is refused before anything is kept of it
   */
  async read(bytesMax: number): Promise<Uint8Array> {
    await this.#fill(lengthBytes);
    const length = this.#buffered.readUInt32BE(0);
    if (length > bytesMax) {
      throw new MembershipError(
        'ERR_MEMBERSHIP_STREAM',
        `expected a message of at most ${bytesMax} bytes, got one of ${length}`,
      );
    }
    await this.#fill(lengthBytes + length);
    const frame = this.#buffered.subarray(lengthBytes, lengthBytes + length);
    this.#buffered = this.#buffered.subarray(lengthBytes + length);
    return frame;
  }

  async #fill(bytes: number): Promise<void> {
    const chunks: Uint8Array[] = [this.#buffered];
    let have = this.#buffered.length;
    while (have < bytes) {
      const next = await this.#incoming.next();
      if (next.done === true) throw new MembershipError('ERR_MEMBERSHIP_STREAM', 'the other end hung up');
      chunks.push(next.value);
      have += next.value.length;
    }
    if (chunks.length > 1) this.#buffered = Buffer.concat(chunks);
  }
}
