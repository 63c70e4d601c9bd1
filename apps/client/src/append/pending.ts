import type { Buffer } from 'node:buffer';
import type { ApiError } from '@commitlog/api';
import { BatchBuilder, baseTimeOf, countOf, type RecordInput, records } from '@commitlog/record';
import type { CommitlogError } from '../errors.js';
import type { Appended } from '../record.js';

/** One append that somebody waits for. */
export interface Entry {
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: CommitlogError) => void;
  /** When it was made, by the monotonic clock. */
  readonly sinceMs: number;
  /** Forgets the signal that could give it up. */
  unlink: (() => void) | undefined;
  /** Settled: nobody waits any more. */
  isOver: boolean;
  /** What it travels in, once there is room for it. */
  batch: PendingBatch | undefined;
}

/** Builders that wait for their next batch: each keeps room for one. */
const builders: BatchBuilder[] = [];
const buildersMax = 16;

/**
 * Appends that travel together: a batch, as it gathers, and then as it is sent, and sent again, the same bytes each time. Its records are encoded when they are
 * added.
 */
export class PendingBatch {
  readonly entries: Entry[] = [];
  /** Where its record must come to be, if that matters. */
  readonly expectedOffset: number | undefined;
  /** The sequence of its first record, once it was sent. */
  baseSequence = 0;
  /** A copy of it was sent and not answered: it may be in the log, or come to be. */
  isMaybe = false;
  /** Why it will not be sent again. */
  refusal: ApiError | undefined;
  #builder: BatchBuilder | undefined;
  #bytes: Buffer | undefined;

  constructor(expectedOffset?: number) {
    this.expectedOffset = expectedOffset;
    this.#builder = builders.pop() ?? new BatchBuilder();
  }

  get isConditional(): boolean {
    return this.expectedOffset !== undefined;
  }

  /** Numbered, and not taken back since: copies of it may be on their way. */
  get isSealed(): boolean {
    return this.#bytes !== undefined;
  }

  get byteLength(): number {
    return this.#bytes?.length ?? this.#builder!.byteLength;
  }

  /** How many records it has on the wire, whether anybody waits for them or not. */
  get count(): number {
    return this.#bytes === undefined ? this.entries.length : countOf(this.#bytes);
  }

  get hasWaiting(): boolean {
    return this.entries.some(({ isOver }) => !isOver);
  }

  /**
   * @returns false when there is no room for it
   * @throws BatchError for a record that fits into no batch, or is none
   */
  add(record: RecordInput, entry: Entry): boolean {
    if (!this.#builder!.add(record)) return false;
    this.entries.push(entry);
    entry.batch = this;
    return true;
  }

  /** Makes the bytes, of what is still waited for. Not to be called for one that nobody waits for. */
  seal(producer: { readonly producerId: number; readonly producerEpoch: number; readonly baseSequence: number }): void {
    if (this.entries.some(({ isOver }) => isOver)) this.#withoutThoseOver(this.#builder!.build());
    this.baseSequence = producer.baseSequence;
    this.#bytes = this.#builder!.build(producer);
    this.#release();
  }

  /** The bytes of one that is sealed. They are never changed: whoever sends them copies them. */
  get bytes(): Buffer {
    return this.#bytes!;
  }

  /** Takes a sealed one back, to be sealed anew under another sequence: none of its copies is, or can come to be, in the log. */
  unseal(): void {
    const bytes = this.#bytes!;
    this.#bytes = undefined;
    this.isMaybe = false;
    this.#builder = builders.pop() ?? new BatchBuilder();
    this.#withoutThoseOver(bytes);
  }

  /** Takes no more part: its room is somebody else's. */
  drop(): void {
    this.#builder?.clear();
    this.#release();
  }

  #withoutThoseOver(bytes: Buffer): void {
    const entries = this.entries.splice(0);
    let at = 0;
    // Beside another base time, those that stay might not all have room.
    this.#builder!.clear(baseTimeOf(bytes));
    for (const record of records(bytes)) {
      const entry = entries[at]!;
      if (!entry.isOver) this.add(record, entry);
      at += 1;
    }
  }

  #release(): void {
    if (this.#builder !== undefined && builders.length < buildersMax) builders.push(this.#builder);
    this.#builder = undefined;
  }
}
