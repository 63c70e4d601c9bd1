/** The unit in which a kernel caches a file and writes it back. */
export const pageBytes = 4096;

/**
 * The bytes of one file, in pages that copies share until one of them writes: a copy costs a reference per page, a write
 * copies the pages it touches, and a page nobody wrote (a hole) costs nothing.
 */
export class Content {
  #length: number;
  readonly #pages: (Uint8Array | undefined)[];
  /** The pages that no copy shares, by number: only these are written in place. */
  #owned: Set<number> | undefined;

  constructor(length = 0, pages: (Uint8Array | undefined)[] = []) {
    this.#length = length;
    this.#pages = pages;
  }

  get length(): number {
    return this.#length;
  }

  copy(): Content {
    this.#owned = undefined;
    return new Content(this.#length, this.#pages.slice());
  }

  /** Fills `into` from `position` on, and returns how many bytes there were. */
  read(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.length, this.#length - position));
    for (let done = 0; done < count; ) {
      const page = this.#pages[pageOf(position + done)];
      const from = (position + done) % pageBytes;
      const length = Math.min(pageBytes - from, count - done);
      if (page === undefined) into.fill(0, done, done + length);
      else into.set(page.subarray(from, from + length), done);
      done += length;
    }
    return count;
  }

  /** Writes `bytes` at `position`; what lies between the old end and `position` becomes zeros. */
  write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      const from = (position + done) % pageBytes;
      const length = Math.min(pageBytes - from, bytes.length - done);
      this.#writablePage(pageOf(position + done)).set(bytes.subarray(done, done + length), from);
      done += length;
    }
    if (bytes.length > 0) this.#length = Math.max(this.#length, position + bytes.length);
  }

  resize(length: number): void {
    if (length < this.#length) {
      const end = length % pageBytes;
      const last = pageOf(length);
      // The cut-off part must read as zeros if the file grows again.
      if (end > 0 && this.#pages[last] !== undefined) this.#writablePage(last).fill(0, end);
      const pages = end > 0 ? last + 1 : last;
      if (this.#pages.length > pages) this.#pages.length = pages;
    }
    this.#length = length;
  }

  /** Inverts the bits of `mask` in the byte at `position`, which must lie inside the file. */
  flip(position: number, mask: number): void {
    const page = this.#writablePage(pageOf(position));
    const at = position % pageBytes;
    page[at] = page[at]! ^ mask;
  }

  #writablePage(number: number): Uint8Array {
    const page = this.#pages[number];
    if (page !== undefined && this.#owned?.has(number)) return page;
    const own = page === undefined ? new Uint8Array(pageBytes) : page.slice();
    this.#pages[number] = own;
    this.#owned ??= new Set();
    this.#owned.add(number);
    return own;
  }
}

function pageOf(position: number): number {
  return Math.floor(position / pageBytes);
}
