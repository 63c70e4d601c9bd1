import { ApiError, logV1, requireOffset, type ServiceClient } from '@commitlog/api';
import {
  appendTimeOf,
  BatchError,
  baseOffsetOf,
  batchBytesMaxDefault,
  batches,
  nextOffsetOf,
  termOf,
} from '@commitlog/record';
import type { Clock, Random } from '@commitlog/runtime';
import { Backoff } from '../backoff.js';
import type { Directory } from '../cluster/directory.js';
import { CommitlogError } from '../errors.js';
import { isPassing, toCommitlogError } from '../failures.js';
import type { ReadFrom } from '../reading.js';
import type { BatchPlace } from '../record.js';

export interface BatchStreamInit {
  /** The log's name. */
  readonly log: string;
  readonly from: ReadFrom;
  readonly follow: boolean;
  readonly limit: number;
  readonly isLinearizable: boolean;
  readonly deadlineMs: number;
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
}

export interface ReadComponents {
  readonly client: ServiceClient<typeof logV1.LogDefinition>;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: ReadObserver;
}

/** Whoever wants to know. */
export interface ReadObserver {
  /** The stream broke off, and another is opened in so many ms, or when it is known who is there. */
  resuming?(error: ApiError, nextOffset: number | undefined, delayMs: number): void;
}

/** A batch as it was stored, and what of it is wanted: its records from `firstOffset` to before `nextOffset`. */
export interface StoredBatch extends BatchPlace {
  readonly bytes: Buffer;
  readonly firstOffset: number;
  readonly nextOffset: number;
}

/** Bytes in a response: cheap for what a message costs, and two of them are soon read. */
const responseBytes = 256 * 1024;

/** A stream that has lasted for so long was a good one. */
const stableMs = 1000;

/** Batches of one reading, over as many streams as it takes: each goes on where the one before broke off. */
export class BatchStream {
  /** One above the newest offset that a server has told of. */
  endOffset: number | undefined;
  /** The offset behind what came by now. */
  nextOffset: number | undefined;
  readonly #init: BatchStreamInit;
  readonly #with: ReadComponents;
  readonly #backoff: Backoff;
  /** Since when there was no answer. */
  #silentSinceMs: number | undefined;
  #untilOffset = Number.POSITIVE_INFINITY;
  /** What a server last said was wrong, since it went well. */
  #trouble: ApiError | undefined;

  constructor(init: BatchStreamInit, components: ReadComponents) {
    this.#init = init;
    this.#with = components;
    this.#backoff = new Backoff(components.random);
    const { from } = init;
    if (typeof from === 'object' && 'offset' in from) this.nextOffset = from.offset;
  }

  /** @throws CommitlogError when no server can go on */
  async *[Symbol.asyncIterator](): AsyncGenerator<StoredBatch, void, undefined> {
    const { signal, limit, follow } = this.#init;
    if (limit === 0) return;
    this.#silentSinceMs = this.#with.clock.monotonicMs();
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const attempt = new AbortController();
      const abort = (): void => attempt.abort();
      signal.addEventListener('abort', abort, { once: true });
      let timer = this.#with.clock.after(this.#patienceMs(), abort);
      let failure: ApiError;
      const beganMs = this.#with.clock.monotonicMs();
      try {
        const responses = this.#with.client.read(this.#request(isFirst), { signal: attempt.signal });
        for await (const response of responses) {
          timer.cancel();
          for (const batch of this.#batchesOf(response)) {
            yield batch;
            if (batch.nextOffset >= this.#untilOffset) return;
          }
          if (this.#isOwing(response)) timer = this.#with.clock.after(this.#patienceMs(), abort);
        }
        if (!follow) return;
        failure = new ApiError('UNAVAILABLE', 'the server has ended the stream');
      } catch (error) {
        failure = attempt.signal.aborted && !signal.aborted ? unanswered() : failureOf(error);
      } finally {
        timer.cancel();
        signal.removeEventListener('abort', abort);
      }
      // One that breaks off as soon as it is there is not asked for again and again at once.
      if (this.#with.clock.monotonicMs() - beganMs > stableMs) this.#backoff.reset();
      if (!signal.aborted) await this.#recover(failure);
    }
  }

  #request(isFirst: boolean): logV1.ReadRequest {
    const { log, from, follow, isLinearizable, limit } = this.#init;
    // What ends at the end must not end earlier on a server that has not got as far as the one before.
    const isResumed = !isFirst && !follow && this.nextOffset !== undefined;
    return {
      log,
      from: this.nextOffset === undefined ? wireFrom(from) : wireFrom({ offset: this.nextOffset }),
      consistency: isLinearizable || isResumed ? logV1.Consistency.LINEARIZABLE : logV1.Consistency.UNSPECIFIED,
      follow,
      responseBytesMax: limit === 1 ? 1 : responseBytes,
    };
  }

  /** A server that says nothing at all is given up before the deadline, so that another can be asked. */
  #patienceMs(): number {
    return Math.max(1, Math.min(this.#init.deadlineMs / 3, this.#leftMs()));
  }

  #leftMs(): number {
    const { clock } = this.#with;
    this.#silentSinceMs ??= clock.monotonicMs();
    return this.#silentSinceMs + this.#init.deadlineMs - clock.monotonicMs();
  }

  *#batchesOf(response: logV1.ReadResponse): Generator<StoredBatch, void, undefined> {
    const { batches: bytes } = response;
    const endOffset = requireOffset(response.endOffset);
    this.endOffset = Math.max(this.endOffset ?? 0, endOffset);
    const { from, limit } = this.#init;
    const notBefore = typeof from === 'object' && 'time' in from ? from.time : Number.NEGATIVE_INFINITY;
    const stored = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const batch of batches(stored, { batchBytesMax: Math.max(batchBytesMaxDefault, stored.length) })) {
      const timeMs = appendTimeOf(batch);
      const firstOffset = this.#continued(batch);
      if (firstOffset === undefined || timeMs < notBefore) continue;
      if (this.#untilOffset === Number.POSITIVE_INFINITY) this.#untilOffset = firstOffset + limit;
      const nextOffset = Math.min(nextOffsetOf(batch), this.#untilOffset);
      this.nextOffset = nextOffset;
      this.#silentSinceMs = undefined;
      this.#trouble = undefined;
      this.#backoff.reset();
      yield { bytes: batch, firstOffset, nextOffset, term: termOf(batch), timeMs };
    }
    // An empty one tells where the reading begins; but of a time, it tells where the log ended, and what comes may be older still.
    const isPlace = typeof from === 'string' || !('time' in from);
    if (bytes.length > 0) return;
    if (!this.#isOwing(response)) {
      this.#silentSinceMs = undefined;
      this.#trouble = undefined;
    }
    if (isPlace) this.nextOffset ??= requireOffset(response.nextOffset);
  }

  /** Whether a server has more to say than this. Otherwise it may be silent; one whose disk hangs is, too, and its connection is alive. */
  #isOwing({ nextOffset, endOffset }: logV1.ReadResponse): boolean {
    return !this.#init.follow || nextOffset < endOffset;
  }

  /**
   * The first offset of a batch that is wanted; none where all of it was read already.
   *
   * @throws CommitlogError where there is a gap, which no server may leave
   */
  #continued(batch: Buffer): number | undefined {
    const [base, end] = [baseOffsetOf(batch), nextOffsetOf(batch)];
    const { nextOffset: next = base } = this;
    if (base > next) {
      throw new CommitlogError('DAMAGED', `the server went on at offset ${base} where ${next} was to come`, {
        offset: next,
      });
    }
    return end <= next ? undefined : Math.max(base, next);
  }

  /** Waits for the next try, or for news of the cluster. @throws CommitlogError where there is none */
  async #recover(failure: ApiError): Promise<void> {
    const { clock, directory, observer } = this.#with;
    const { nextOffset } = this;
    if (!isPassing(failure))
      throw toCommitlogError(failure, { ...(nextOffset !== undefined && { offset: nextOffset }) });
    // That one was silent in the little time that was left says less than what others said before.
    if (failure.code !== 'DEADLINE_EXCEEDED') this.#trouble = failure;
    const trouble = this.#trouble ?? failure;
    const leftMs = this.#leftMs();
    if (leftMs <= 0) {
      const message = `no server could be read from for ${this.#init.deadlineMs} ms: ${trouble.message}`;
      throw new CommitlogError('UNAVAILABLE', message, { retryable: true, offset: nextOffset, cause: trouble });
    }
    const delayMs = Math.min(this.#backoff.nextMs(), leftMs);
    observer?.resuming?.(failure, nextOffset, delayMs);
    void directory.refresh();
    await new Promise<void>((resolve) => {
      const { signal } = this.#init;
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.after(delayMs, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

function unanswered(): ApiError {
  return new ApiError('DEADLINE_EXCEEDED', 'the server that was asked has not answered');
}

function wireFrom(from: ReadFrom): logV1.ReadRequest['from'] {
  if (from === 'start' || from === 'end') return { $case: from, value: true };
  if ('offset' in from) return { $case: 'offset', value: BigInt(from.offset) };
  if ('time' in from) return { $case: 'timeMs', value: BigInt(from.time) };
  return { $case: 'last', value: BigInt(from.last) };
}

/** What broke a stream off. Bytes that are no batch are read again, elsewhere if that is possible. */
function failureOf(error: unknown): ApiError {
  if (error instanceof CommitlogError) throw error;
  if (error instanceof ApiError) return error;
  if (error instanceof BatchError)
    return new ApiError('INTERNAL', `what the server sent is damaged: ${error.message}`, { cause: error });
  throw error;
}
