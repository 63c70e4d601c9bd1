import type { Writable } from 'node:stream';
import { ApiError } from '../errors.js';
import type { Codec } from '../service.js';
import { encode } from './codec.js';

/** How much may wait in this process for a slow reader, in bytes, beyond what is under way to it. One message may go over. */
const unsentBytesMax = 1_048_576;

/** The sending side of a stream, at a server and at a client. Bounded in bytes: whoever waits for each `write` cannot outrun its reader. */
export class Outgoing<T> {
  readonly #stream: Writable;
  readonly #codec: Codec<T>;
  #unsentBytes = 0;
  #waiting: Array<{ readonly resolve: () => void; readonly reject: (error: Error) => void }> = [];
  #over: Error | undefined;
  #hasEnded = false;

  /** @param stream takes encoded messages */
  constructor(stream: Writable, codec: Codec<T>) {
    this.#stream = stream;
    this.#codec = codec;
  }

  /** What was written and has not left for the network yet, in bytes. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /**
   * Sends a message; it is encoded at once, so what it holds may be changed afterwards. Messages keep their order.
   *
   * @returns when there is room for the next one: wait for it (a stream that is written to without waiting grows without bound)
   * @throws ApiError with the reason why the call is over; TypeError after {@link end}; or whatever the codec throws for a message that cannot be encoded
   */
  write(message: T): Promise<void> {
    const written = this.#write(message);
    // Who does not wait is not told; without this, an end of the call would be the end of the process.
    written.catch(() => {});
    return written;
  }

  async #write(message: T): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#hasEnded) throw new TypeError('nothing more can be written: the stream was ended');
    const bytes = encode(this.#codec, message);
    this.#unsentBytes += bytes.length;
    const hasRoom = this.#stream.write(bytes, () => this.#sent(bytes.length));
    if (!hasRoom || this.#unsentBytes > unsentBytesMax) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
  }

  /** Nothing more will be written. What was written still goes out. */
  end(): void {
    this.#hasEnded = true;
    this.#stream.end();
  }

  /** Nothing can be sent any more: those who wait are told why. */
  close(reason: Error = new ApiError('CANCELLED', 'the call is over')): void {
    if (this.#over !== undefined) return;
    this.#over = reason;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(reason);
  }

  #sent(byteLength: number): void {
    this.#unsentBytes -= byteLength;
    if (this.#unsentBytes > unsentBytesMax || this.#stream.writableNeedDrain) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }
}
