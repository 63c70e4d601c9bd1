import type { Index } from '@commitlog/raft';

/** What opened a producer: the identity that may use it, and a name to find it by, empty for none. */
export interface ProducerOwner {
  readonly subject: string;
  readonly name: string;
}

/** What a registration batch says, once it has its place in the log. */
export interface Registration extends ProducerOwner {
  readonly id: number;
  readonly epoch: number;
}

/** A batch that a producer has in the log. */
export interface ProducerBatch {
  /** The producer's number for its first record, modulo 2^32. */
  readonly sequence: number;
  /** How many records. */
  readonly count: number;
  /** Offset of the first. */
  readonly offset: number;
  readonly term: number;
  /** When it was appended, by its leader's clock: ms since 1970. */
  readonly time: number;
}

export interface Producer extends Registration {
  /** The newest, oldest first; at most {@link batchesMax}. */
  readonly batches: readonly ProducerBatch[];
}

/** How a producer's batch stands to those that it has in the log. */
export type Verdict =
  | { readonly kind: 'next' }
  | { readonly kind: 'duplicate'; readonly of: ProducerBatch }
  /** Nobody has this id, or another subject has. */
  | { readonly kind: 'unknown' }
  /** The producer was opened again, and has a higher epoch now. */
  | { readonly kind: 'fenced'; readonly epoch: number }
  /** Batches before it are missing. */
  | { readonly kind: 'gap'; readonly expected: number }
  /** It lies before those that are remembered, or is not cut as they are. */
  | { readonly kind: 'stale'; readonly expected: number };

/** Batches that are remembered of each producer, and so the most that it may have in flight: a retry of an older one is not recognised. */
export const batchesMax = 64;

/** Producers that are remembered, unless told otherwise: those last seen, by the order of the log. */
export const producersMaxDefault = 100_000;

const sequences = 2 ** 32;
const epochMax = 0xffff;

/**
 * Who produces, and what each has in the log: a pure function of the batches of a log, in their order, with no clock in it. So all replicas
 * have the same table after the same batch.
 */
export class ProducerTable {
  readonly #producersMax: number;
  /** In the order in which they were last seen. A producer is replaced as a whole: tables share those that are the same. */
  readonly #producers: Map<number, Producer>;
  readonly #names: Map<string, number>;

  /** @param producers in the order in which they were last seen */
  constructor(producersMax: number = producersMaxDefault, producers: Iterable<Producer> = []) {
    this.#producersMax = producersMax;
    this.#producers = new Map();
    this.#names = new Map();
    for (const producer of producers) this.#see(producer);
  }

  get size(): number {
    return this.#producers.size;
  }

  /** In the order in which they were last seen. */
  [Symbol.iterator](): IterableIterator<Producer> {
    return this.#producers.values();
  }

  get(id: number): Producer | undefined {
    return this.#producers.get(id);
  }

  clone(): ProducerTable {
    return new ProducerTable(this.#producersMax, this.#producers.values());
  }

  /** What opening a producer makes of it: a new id, told by 0, or a higher epoch of the one that has the name. */
  opening({ subject, name }: ProducerOwner): Registration {
    const known = this.#producers.get(this.#names.get(keyOf({ subject, name })) ?? 0);
    if (known === undefined || known.epoch === epochMax) return { id: 0, epoch: 0, subject, name };
    return { id: known.id, epoch: known.epoch + 1, subject, name };
  }

  /**
   * A registration is in the log.
   *
   * @param index its own, which is the id of a new producer
   */
  opened({ id, epoch, subject, name }: Registration, index: Index): void {
    const producer = { id: id === 0 ? index : id, epoch, subject, name, batches: [] };
    const holder = this.#names.get(keyOf(producer));
    // The name has gone to another id: whoever had it is fenced.
    if (holder !== undefined && holder !== producer.id) this.#drop(holder);
    this.#see(producer);
  }

  /** A data batch is in the log. Of a producer that this table has dropped, it changes nothing. */
  appended(id: number, epoch: number, batch: ProducerBatch): void {
    const producer = this.#producers.get(id);
    if (producer === undefined || producer.epoch !== epoch) return;
    const kept = producer.batches.length < batchesMax ? producer.batches : producer.batches.slice(1);
    this.#see({ ...producer, batches: [...kept, batch] });
  }

  /** Whether a batch may follow those in the log, is one of them, or is wrong. */
  judge(
    { id, subject, epoch }: { readonly id: number; readonly subject: string; readonly epoch: number },
    { sequence, count }: Pick<ProducerBatch, 'sequence' | 'count'>,
  ): Verdict {
    const producer = this.#producers.get(id);
    if (producer === undefined || producer.subject !== subject || epoch > producer.epoch) return { kind: 'unknown' };
    if (epoch < producer.epoch) return { kind: 'fenced', epoch: producer.epoch };
    const expected = nextSequence(producer);
    if (sequence === expected) return { kind: 'next' };
    const of = producer.batches.find((batch) => batch.sequence === sequence && batch.count === count);
    if (of !== undefined) return { kind: 'duplicate', of };
    // Half of the circle lies ahead.
    const ahead = (sequence - expected + sequences) % sequences;
    return { kind: ahead < sequences / 2 ? 'gap' : 'stale', expected };
  }

  /** Makes a producer the one last seen, and drops the one that was not seen for longest. */
  #see(producer: Producer): void {
    this.#producers.delete(producer.id);
    this.#producers.set(producer.id, producer);
    if (producer.name !== '') this.#names.set(keyOf(producer), producer.id);
    if (this.#producers.size <= this.#producersMax) return;
    const [oldest] = this.#producers.keys();
    this.#drop(oldest!);
  }

  #drop(id: number): void {
    const producer = this.#producers.get(id);
    if (producer === undefined) return;
    this.#producers.delete(id);
    if (this.#names.get(keyOf(producer)) === id) this.#names.delete(keyOf(producer));
  }
}

/** The number that a producer's next record has. */
export function nextSequence({ batches }: Producer): number {
  const last = batches.at(-1);
  return last === undefined ? 0 : (last.sequence + last.count) % sequences;
}

/** Unique, since neither holds a NUL. */
function keyOf({ subject, name }: ProducerOwner): string {
  return `${subject}\0${name}`;
}
