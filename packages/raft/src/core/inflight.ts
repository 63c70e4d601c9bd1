import type { Index } from './entry.js';

/**
 * The appends sent to one follower and not yet acknowledged: the last index of each and its bytes. Bounded in both, so that a
 * slow follower costs its leader a known amount of memory (thesis §10.2.1, and its pipelining in §10.2.2).
 */
export class Inflight {
  readonly #countMax: number;
  readonly #bytesMax: number;
  #lasts: Index[] = [];
  #sizes: number[] = [];
  #bytes = 0;

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#lasts.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#lasts.length >= this.#countMax || this.#bytes >= this.#bytesMax;
  }

  add(last: Index, bytes: number): void {
    this.#lasts.push(last);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** The follower has everything up to `match`. */
  freeTo(match: Index): void {
    let gone = 0;
    while (gone < this.#lasts.length && this.#lasts[gone]! <= match) {
      this.#bytes -= this.#sizes[gone]!;
      gone += 1;
    }
    if (gone > 0) {
      this.#lasts.splice(0, gone);
      this.#sizes.splice(0, gone);
    }
  }

  clear(): void {
    this.#lasts = [];
    this.#sizes = [];
    this.#bytes = 0;
  }
}
