import type { LogPosition } from '@commitlog/log';
import type { Index, Term } from '@commitlog/raft';
import {
  appendTimeOf,
  baseOffsetOf,
  baseSequenceOf,
  countOf,
  indexOf,
  producerEpochOf,
  producerIdOf,
  termOf,
} from '@commitlog/record';
import type { ProducerTable, Registration } from './producer-table.js';
import type { ProducerBatch } from './producer-window.js';

/** Where a batch is, for good. */
export interface Place {
  /** Of its first record. */
  readonly offset: number;
  readonly term: Term;
  /** When it was appended, by its leader's clock: ms since 1970. */
  readonly time: number;
}

/** What an append came to. */
export interface AppendResult extends Place {
  /** It was in the log already: its producer had sent it before. */
  readonly isDuplicate: boolean;
}

/** A batch that a leader has proposed, until it is applied. */
export class InFlight {
  /** Which batch of which producer; undefined where nobody can send it twice. */
  readonly key: string | undefined;
  /** Its place; or the error that its appender is told. */
  readonly outcome: Promise<Place>;
  /** What it makes of the producers, once it has its place. */
  readonly registration: Registration | undefined;
  readonly #producer: { readonly id: number; readonly epoch: number };
  readonly #sequence: number;
  readonly #count: number;
  /** Let go of once it is placed. */
  #batch: Buffer | undefined;
  #index: Index = 0;
  #isCommitted = false;
  #result: Place = { offset: 0, term: 0, time: 0 };

  /** @param propose makes the proposal; resolves when it is committed */
  constructor(batch: Buffer, propose: (batch: Buffer) => Promise<void>, registration?: Registration) {
    const [id, epoch, sequence] = [producerIdOf(batch), producerEpochOf(batch), baseSequenceOf(batch)];
    this.#batch = batch;
    this.#producer = { id, epoch };
    this.#sequence = sequence;
    this.#count = countOf(batch);
    this.key = id === 0 ? undefined : keyOf(id, epoch, sequence);
    this.registration = registration;
    this.outcome = propose(batch).then(() => {
      this.place();
      this.#isCommitted = true;
      return this.#result;
    });
    // Whoever waits for it hears of it; nobody may.
    this.outcome.catch(() => {});
  }

  /** Its index in the log; 0 before it has one. */
  get index(): Index {
    return this.#index;
  }

  get nextOffset(): number {
    return this.#result.offset + this.#count;
  }

  /** Whether its appender is told where it is: then nobody has to send it again. */
  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  /** When it was appended; 0 before it has its place. */
  get time(): number {
    return this.#result.time;
  }

  /** @returns whether the leader has given it its place */
  place(): boolean {
    const batch = this.#batch;
    if (batch === undefined || indexOf(batch) === 0) return this.#index > 0;
    this.#index = indexOf(batch);
    this.#result = { offset: baseOffsetOf(batch), term: termOf(batch), time: appendTimeOf(batch) };
    this.#batch = undefined;
    return true;
  }

  /** Notes it in a table that holds everything before it. */
  applyTo(table: ProducerTable): void {
    if (this.registration !== undefined) table.opened(this.registration, this.#index);
    else if (this.key !== undefined) table.appended(this.#producer.id, this.#producer.epoch, this.#producerBatch);
  }

  get #producerBatch(): ProducerBatch {
    return { sequence: this.#sequence, count: this.#count, ...this.#result };
  }
}

/** The proposals of one leader that are not applied yet, in the order of the log. */
export class Flight {
  readonly #items: InFlight[] = [];
  readonly #byKey: Map<string, InFlight> = new Map();

  get last(): InFlight | undefined {
    return this.#items.at(-1);
  }

  find(id: number, epoch: number, sequence: number): InFlight | undefined {
    return this.#byKey.get(keyOf(id, epoch, sequence));
  }

  add(item: InFlight): void {
    this.#items.push(item);
    if (item.key !== undefined) this.#byKey.set(item.key, item);
  }

  remove(items: ReadonlySet<InFlight>): void {
    const kept = this.#items.filter((item) => !items.has(item));
    this.#items.splice(0, this.#items.length, ...kept);
    for (const { key } of items) if (key !== undefined) this.#byKey.delete(key);
  }

  /** Lets go of what is applied. */
  applied({ index }: LogPosition): void {
    let gone = 0;
    for (; gone < this.#items.length; gone += 1) {
      const item = this.#items[gone]!;
      if (!item.place() || item.index > index) break;
      if (item.key !== undefined) this.#byKey.delete(item.key);
    }
    if (gone > 0) this.#items.splice(0, gone);
  }

  [Symbol.iterator](): IterableIterator<InFlight> {
    return this.#items.values();
  }
}

function keyOf(id: number, epoch: number, sequence: number): string {
  return `${id}:${epoch}:${sequence}`;
}
