import { type RecordView, records } from '@commitlog/record';
import type { Codec } from '../codec.js';
import { CommitlogError } from '../errors.js';
import { aborted, closed } from '../failures.js';
import type { Reading } from '../reading.js';
import { LogRecord, type RecordBatch } from '../record.js';
import { BatchStream, type BatchStreamInit, type ReadComponents, type StoredBatch } from './stream.js';

export interface LogReadingInit<T> extends Omit<BatchStreamInit, 'signal'> {
  readonly codec: Codec<T>;
  /** Of whoever reads. */
  readonly signal: AbortSignal | undefined;
}

export interface LogReadingComponents extends ReadComponents {
  /** Told when it is over. */
  readonly onOver: () => void;
}

/** Why a reading was ended from outside. */
type Ending = 'left' | 'aborted' | 'disconnected';

/** A reading of a log, decoded. */
export class LogReading<T> implements Reading<T> {
  readonly #init: LogReadingInit<T>;
  readonly #onOver: () => void;
  readonly #abort = new AbortController();
  readonly #stream: BatchStream;
  #nextOffset: number | undefined;
  #isTaken = false;
  #ending: Ending | undefined;

  constructor(init: LogReadingInit<T>, components: LogReadingComponents) {
    this.#init = init;
    this.#onOver = components.onOver;
    this.#stream = new BatchStream({ ...init, signal: this.#abort.signal }, components);
    if (init.signal?.aborted) this.#abortedByUser();
    else init.signal?.addEventListener('abort', this.#abortedByUser, { once: true });
  }

  get nextOffset(): number | undefined {
    return this.#nextOffset ?? this.#stream.nextOffset;
  }

  get lag(): number | undefined {
    const { nextOffset } = this;
    const { endOffset } = this.#stream;
    return nextOffset === undefined || endOffset === undefined ? undefined : Math.max(0, endOffset - nextOffset);
  }

  get caughtUp(): boolean {
    return this.lag === 0;
  }

  [Symbol.asyncIterator](): AsyncIterator<LogRecord<T>, undefined> {
    const onRead = (nextOffset: number): void => {
      this.#nextOffset = nextOffset;
    };
    return new RecordIterator(this.#take(), { codec: this.#init.codec, onRead, leave: () => this.end('left') });
  }

  batches(): AsyncIterableIterator<RecordBatch<T>> {
    const batches = this.#decoded();
    const iterator: AsyncIterableIterator<RecordBatch<T>> = {
      next: () => handled(batches.next()),
      return: () => {
        // A generator that waits for the server hears of nothing else.
        this.end('left');
        return batches.return();
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  async *#decoded(): AsyncGenerator<RecordBatch<T>, void, undefined> {
    const { codec } = this.#init;
    for await (const batch of this.#take()) {
      this.#nextOffset = batch.firstOffset;
      const decoded: LogRecord<T>[] = [];
      let failure: CommitlogError | undefined;
      for (const view of wantedOf(batch)) {
        try {
          decoded.push(decode(view, batch, codec));
        } catch (error) {
          failure = error as CommitlogError;
          break;
        }
      }
      const { firstOffset, term, timeMs } = batch;
      const nextOffset = firstOffset + decoded.length;
      this.#nextOffset = nextOffset;
      if (decoded.length > 0) yield { records: decoded, firstOffset, nextOffset, term, timeMs };
      // What comes before it is read.
      if (failure !== undefined) throw failure;
    }
  }

  async close(): Promise<void> {
    this.end('left');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends it, whoever waits. */
  end(ending: Ending): void {
    this.#ending ??= ending;
    this.#abort.abort();
    this.#over();
  }

  readonly #abortedByUser = (): void => this.end('aborted');

  /** The batches, for the one who iterates. */
  #take(): AsyncGenerator<StoredBatch, void, undefined> {
    if (this.#isTaken) {
      throw new CommitlogError(
        'INVALID_ARGUMENT',
        'a reading is iterated once: read again, from its `nextOffset`, to go on',
      );
    }
    this.#isTaken = true;
    return this.#batches();
  }

  async *#batches(): AsyncGenerator<StoredBatch, void, undefined> {
    try {
      if (this.#ending === undefined) yield* this.#stream;
    } finally {
      this.#over();
      // One who left while a stream was being opened.
      this.#abort.abort();
    }
    if (this.#ending === 'aborted') throw aborted(this.#init.signal, this.#where());
    if (this.#ending === 'disconnected') throw closed('the log', this.#where());
  }

  #where(): { readonly offset?: number } {
    return this.nextOffset === undefined ? {} : { offset: this.nextOffset };
  }

  #over(): void {
    this.#init.signal?.removeEventListener('abort', this.#abortedByUser);
    this.#onOver();
  }
}

const done = { done: true, value: undefined } as const;

interface RecordIteratorComponents<T> {
  readonly codec: Codec<T>;
  /** Told of the offset behind each record. */
  readonly onRead: (nextOffset: number) => void;
  /** Ends the reading, also while its batches are waited for: a generator that waits hears of nothing else. */
  readonly leave: () => void;
}

/** Record by record, without more than one promise for each. */
class RecordIterator<T> implements AsyncIterator<LogRecord<T>, undefined> {
  readonly #batches: AsyncGenerator<StoredBatch, void, undefined>;
  readonly #with: RecordIteratorComponents<T>;
  #batch: StoredBatch | undefined;
  #views: Iterator<RecordView> | undefined;

  constructor(batches: AsyncGenerator<StoredBatch, void, undefined>, components: RecordIteratorComponents<T>) {
    this.#batches = batches;
    this.#with = components;
  }

  next(): Promise<IteratorResult<LogRecord<T>, undefined>> {
    try {
      const record = this.#record();
      return record === undefined ? handled(this.#fromNextBatch()) : Promise.resolve({ done: false, value: record });
    } catch (error) {
      return handled(this.#failed(error));
    }
  }

  async return(): Promise<IteratorResult<LogRecord<T>, undefined>> {
    this.#views = undefined;
    this.#with.leave();
    await this.#batches.return();
    return done;
  }

  async #fromNextBatch(): Promise<IteratorResult<LogRecord<T>, undefined>> {
    for (;;) {
      const next = await this.#batches.next();
      if (next.done) return done;
      this.#batch = next.value;
      this.#views = wantedOf(next.value);
      const record = this.#record();
      if (record !== undefined) return { done: false, value: record };
    }
  }

  #record(): LogRecord<T> | undefined {
    const next = this.#views?.next();
    if (next === undefined || next.done) return undefined;
    const record = decode(next.value, this.#batch!, this.#with.codec);
    this.#with.onRead(record.offset + 1);
    return record;
  }

  async #failed(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }
}

/** Whoever does not wait for it, or not yet, is no reason to end the process. */
function handled<P>(promise: Promise<P>): Promise<P> {
  promise.catch(() => {});
  return promise;
}

function* wantedOf({ bytes, firstOffset, nextOffset }: StoredBatch): Generator<RecordView, void, undefined> {
  for (const view of records(bytes)) {
    if (view.offset >= nextOffset) return;
    if (view.offset >= firstOffset) yield view;
  }
}

function decode<T>(view: RecordView, batch: StoredBatch, codec: Codec<T>): LogRecord<T> {
  try {
    return new LogRecord(view, batch, codec);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the value at offset ${view.offset} is none of this codec: ${why}. Go on behind it, or read it with another codec`;
    throw new CommitlogError('DAMAGED', message, { offset: view.offset, cause });
  }
}
