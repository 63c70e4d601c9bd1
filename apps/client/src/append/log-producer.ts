import type { Clock } from '@commitlog/runtime';
import { type Codec, encodeValue } from '../codec.js';
import { CommitlogError } from '../errors.js';
import type { Producer } from '../producer.js';
import { type Appended, type RecordOptions, recordOf } from '../record.js';
import type { Lane } from './lane.js';

export interface LogProducerComponents<T> {
  readonly lane: Lane;
  readonly codec: Codec<T>;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Told when it is over: its connection is not needed any more. */
  readonly onOver: () => void;
}

/** A stream of records into a log, by a lane of its own. */
export class LogProducer<T> implements Producer<T> {
  readonly name: string | undefined;
  readonly #with: LogProducerComponents<T>;
  #last: Promise<Appended | undefined> = Promise.resolve(undefined);
  #failure: CommitlogError | undefined;
  #ready: Promise<void> | undefined;
  #writable: WritableStream<T> | undefined;
  #closing: Promise<void> | undefined;

  constructor(name: string | undefined, components: LogProducerComponents<T>) {
    this.name = name;
    this.#with = components;
  }

  get pendingBytes(): number {
    return this.#with.lane.pendingBytes;
  }

  get ready(): Promise<void> {
    this.#ready ??= this.#whenReady().finally(() => {
      this.#ready = undefined;
    });
    this.#ready.catch(ignore);
    return this.#ready;
  }

  append(value: T, options?: RecordOptions): Promise<Appended> {
    const { end } = this.#with.lane;
    // It was closed: what is not taken leaves no hole.
    if (end?.code === 'CLOSED') return rejected(end);
    const appended = this.#append(value, options);
    this.#last = appended;
    return appended;
  }

  async flush(): Promise<Appended | undefined> {
    const last = this.#last;
    try {
      const appended = await last;
      if (this.#failure === undefined) return appended;
    } catch (error) {
      throw this.#failure ?? error;
    }
    throw this.#failure;
  }

  get writable(): WritableStream<T> {
    this.#writable ??= new WritableStream<T>({
      write: async (value) => {
        this.append(value).catch(ignore);
        await this.ready;
      },
      close: () => this.close(),
      abort: async (reason) => {
        this.#abandon(reason);
      },
    });
    return this.#writable;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    this.#closing.catch(ignore);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #append(value: T, options: RecordOptions | undefined): Promise<Appended> {
    const { lane, codec, clock } = this.#with;
    let appended: Promise<Appended>;
    try {
      appended = lane.append(recordOf(encodeValue(codec, value), options, clock.wallMs()));
    } catch (error) {
      appended = Promise.reject(error);
      lane.failed(error as CommitlogError);
    }
    appended.catch((error: CommitlogError) => {
      // What comes behind the first is told of it, and adds nothing.
      if (error.code !== 'CLOSED') this.#failure ??= error.code === 'PRODUCER_FAILED' ? first(error) : error;
    });
    return appended;
  }

  async #whenReady(): Promise<void> {
    const { lane } = this.#with;
    while (lane.end === undefined && !lane.hasRoom) await new Promise<void>((resolve) => lane.onProgress(resolve));
    if (lane.end !== undefined) throw this.#failure ?? lane.end;
  }

  async #close(): Promise<void> {
    this.#with.lane.close('the producer');
    try {
      await this.flush();
    } finally {
      // A failure is told before those ahead of it are.
      await this.#whenSettled();
      this.#with.onOver();
    }
  }

  async #whenSettled(): Promise<void> {
    const { lane } = this.#with;
    while (lane.pending > 0) await new Promise<void>((resolve) => lane.onProgress(resolve));
  }

  #abandon(reason: unknown): void {
    this.#with.lane.abandon(new CommitlogError('ABORTED', 'the producer was aborted', { cause: reason }));
    this.#with.onOver();
  }
}

/** The failure that others were refused for. */
function first(error: CommitlogError): CommitlogError {
  return error.cause instanceof CommitlogError ? error.cause : error;
}

/** Whoever does not wait for it is no reason to end the process. */
function rejected(error: CommitlogError): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(ignore);
  return promise;
}

function ignore(): void {}
