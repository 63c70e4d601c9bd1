import type { Index } from '../src/index.js';
import type { Record } from './record.js';

interface PendingRead {
  readonly startedAfter: Index;
  readonly settle: (index: Index | null) => void;
}

/** The linearizable reads that one process has asked its core for, until each is answered: once. */
export class PendingReads {
  readonly #record: Record;
  readonly #reads = new Map<number, PendingRead>();
  #tokens = 0;

  constructor(record: Record) {
    this.#record = record;
  }

  /** Returns the token to ask the core with. */
  open(settle: (index: Index | null) => void): number {
    this.#tokens += 1;
    this.#reads.set(this.#tokens, { startedAfter: this.#record.ackedIndex, settle });
    return this.#tokens;
  }

  ready(token: number, index: Index): void {
    const read = this.#reads.get(token);
    this.#reads.delete(token);
    if (read === undefined) return;
    this.#record.readServed(read.startedAfter, index);
    read.settle(index);
  }

  refused(token: number): void {
    this.#reads.get(token)?.settle(null);
    this.#reads.delete(token);
  }

  end(): void {
    for (const { settle } of this.#reads.values()) settle(null);
    this.#reads.clear();
  }
}
