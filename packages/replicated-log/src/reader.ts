import { inspect } from 'node:util';
import { type Log, LogError, type Watermark } from '@commitlog/log';
import type { Index, RaftGroup } from '@commitlog/raft';
import { batches, indexOf, type RecordView, records } from '@commitlog/record';
import { type Batches, dataRuns, type Unwanted } from './data-runs.js';
import { closed, ReplicatedLogError } from './errors.js';
import type { LogState } from './log-state.js';

/**
 * Where to begin: at the log's start; behind its end; with the record of an offset, 0 to 2^53−1; with the first batch appended at a time
 * or later, in ms since 1970 by the leaders' clocks; with the last records, so many of them, 0 up.
 */
export type ReadFrom =
  | 'start'
  | 'end'
  | { readonly offset: number }
  | { readonly time: number }
  | { readonly last: number };

export interface ReadOptions {
  readonly from: ReadFrom;
  /** Wait at the end for more, until the signal is aborted; ends there unless told. */
  readonly follow?: boolean;
  /** Everything that was committed when it was asked for is read, wherever it is read: a leader is asked first. */
  readonly linearizable?: boolean;
  /**
   * Begin with an empty run that tells at which offset the reading begins, where the first batch does not: it may begin with records before that
   * one, or not be there yet. Default false.
   */
  readonly tellsBeginning?: boolean;
  /** How many bytes are read at a time, unless one batch alone is longer; 1 up. 1 MiB unless told. A reader holds at most twice as many. */
  readonly maxBytes?: number;
  /** Ends the reading by throwing the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ReaderComponents {
  readonly log: Log;
  readonly state: LogState;
  readonly group: RaftGroup;
  /** The index of the last batch that may be read. */
  readonly committed: Watermark;
  /** Has what is known to be damaged fetched from others. */
  readonly reportDamage: () => void;
}

/** Where reading begins in the log, and what of it is left out. */
interface Beginning extends Unwanted {
  readonly from: { readonly index: Index } | { readonly offset: number };
}

const everything: Unwanted = { beforeOffset: 0, beforeTime: Number.NEGATIVE_INFINITY };

/** Reads what is committed, on any member. */
export class Reader {
  readonly #with: ReaderComponents;
  #end: ReplicatedLogError | undefined;

  constructor(components: ReaderComponents) {
    this.#with = components;
  }

  /** Sends everybody away who waits, and whoever comes. */
  end(error: ReplicatedLogError): void {
    this.#end ??= error;
    this.#with.committed.fail(this.#end);
  }

  async *batches(options: ReadOptions): AsyncGenerator<Batches, void, undefined> {
    const { from, follow = false, linearizable = false, tellsBeginning = false, maxBytes, signal } = options;
    signal?.throwIfAborted();
    this.#requireOpen();
    if (linearizable) await this.#confirm(signal);
    const { state, log, committed } = this.#with;
    const beginning = await this.#begin(from, follow, signal);
    let wanted = Math.max(state.start.nextOffset, beginning.beforeOffset);
    let cursor: Beginning['from'] = beginning.from;
    const limits = { ...(maxBytes !== undefined && { maxBytes }), ...(signal !== undefined && { signal }) };
    let isToBeTold = tellsBeginning;
    if (isToBeTold && beginning.beforeOffset > 0) {
      isToBeTold = false;
      yield emptyAt(beginning.beforeOffset);
    }
    for (;;) {
      const { index: throughIndex, nextOffset: endOffset } = state.applied;
      try {
        if (!('index' in cursor) || cursor.index <= throughIndex) {
          for await (const { bytes, next } of log.slices({ ...limits, from: cursor, throughIndex })) {
            this.#requireServed(indexOf(bytes), wanted);
            for (const run of dataRuns(bytes, beginning)) {
              wanted = run.nextOffset;
              isToBeTold = false;
              yield run;
            }
            cursor = next;
          }
        }
      } catch (error) {
        cursor = await this.#behindTrimmed(error, cursor, wanted, signal);
        continue;
      }
      if (isToBeTold) yield emptyAt(endOffset);
      isToBeTold = false;
      if (!follow) return;
      signal?.throwIfAborted();
      this.#requireOpen();
      await committed.reached('index' in cursor ? cursor.index : throughIndex + 1, signal);
    }
  }

  async *records(options: ReadOptions): AsyncGenerator<RecordView, void, undefined> {
    for await (const { bytes, firstOffset } of this.batches(options)) {
      for (const batch of batches(bytes, { isChecked: true, batchBytesMax: bytes.length })) {
        for (const record of records(batch)) if (record.offset >= firstOffset) yield record;
      }
    }
  }

  async #begin(from: ReadFrom, follow: boolean, signal: AbortSignal | undefined): Promise<Beginning> {
    const { state } = this.#with;
    if (from === 'start') return { ...everything, from: { index: state.start.index + 1 } };
    if (from === 'end') return { ...everything, from: { index: state.applied.index + 1 } };
    if (typeof from === 'object' && from !== null) {
      if ('offset' in from) return await this.#atOffset(from.offset, follow, signal);
      if ('time' in from) return await this.#atTime(from.time);
      if ('last' in from) {
        requireInteger('last', from.last);
        return this.#at(Math.max(state.start.nextOffset, state.applied.nextOffset - from.last));
      }
    }
    const expected = `'start', 'end', { offset }, { time } or { last }`;
    throw new ReplicatedLogError('invalid', `from: expected ${expected}, got ${inspect(from)}`);
  }

  /**
   * Whoever was told an offset can read it anywhere: one that this member has not got to is out of range only once a leader has said how far
   * the log goes, and this member has got there.
   */
  async #atOffset(offset: number, follow: boolean, signal: AbortSignal | undefined): Promise<Beginning> {
    requireInteger('offset', offset);
    const { state } = this.#with;
    const isPast = (): boolean => offset > state.applied.nextOffset;
    if (isPast() || (offset === state.applied.nextOffset && !follow)) await this.#confirm(signal);
    if (isPast() || offset < state.start.nextOffset) throw this.#outOfRange(offset);
    return this.#at(offset);
  }

  /** @param offset from the log's start to its end */
  #at(offset: number): Beginning {
    const { applied } = this.#with.state;
    const from = offset === applied.nextOffset ? { index: applied.index + 1 } : { offset };
    return { ...everything, beforeOffset: offset, from };
  }

  /** Append times never go back along a log: behind the first batch of a time, none is older. */
  async #atTime(time: number): Promise<Beginning> {
    if (!Number.isFinite(time)) throw new ReplicatedLogError('invalid', `time: expected ms since 1970, got ${time}`);
    const { log, state } = this.#with;
    const { index: throughIndex } = state.applied;
    const { bytes } = await log.read({ from: { time }, maxBytes: 1, throughIndex }).catch((error: unknown) => {
      throw this.#translated(error, state.start.nextOffset);
    });
    const first = bytes.length > 0 ? indexOf(bytes) : throughIndex + 1;
    // What comes behind the commit may be cut, and other batches, of an earlier time, take its place.
    return { ...everything, beforeTime: time, from: { index: Math.max(first, state.start.index + 1) } };
  }

  /** Waits until this member has everything that was committed by now. */
  async #confirm(signal: AbortSignal | undefined): Promise<void> {
    try {
      await untilAborted(this.#with.group.read(), signal);
    } catch (cause) {
      this.#requireOpen();
      signal?.throwIfAborted();
      const message = 'no leader has confirmed how far the log goes: try again, or read without asking for it';
      throw new ReplicatedLogError('unconfirmed', message, { cause });
    }
  }

  #requireOpen(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  /** What was trimmed is not served, also where its bytes are still there. */
  #requireServed(index: Index, wanted: number): void {
    const { start } = this.#with.state;
    if (index <= start.index && wanted < start.nextOffset) throw this.#outOfRange(wanted);
  }

  /** Where a reader goes on that has read every record of what was trimmed: batches without any came behind them. Otherwise throws what it is told. */
  async #behindTrimmed(
    error: unknown,
    cursor: Beginning['from'],
    wanted: number,
    signal: AbortSignal | undefined,
  ): Promise<Beginning['from']> {
    const { log, state, committed } = this.#with;
    if (error instanceof LogError && error.code === 'out-of-range') {
      this.#requireOpen();
      // A snapshot takes the log's place a moment before it is known here what it stands for.
      await committed.reached(log.start.index, signal);
      const { start } = state;
      if ('index' in cursor && cursor.index <= start.index && wanted >= start.nextOffset)
        return { index: start.index + 1 };
    }
    throw this.#translated(error, wanted);
  }

  /** What the log says, in a reader's words. */
  #translated(error: unknown, wanted: number): unknown {
    if (!(error instanceof LogError)) return error;
    const { state, reportDamage } = this.#with;
    if (error.code === 'closed') return this.#end ?? closed();
    if (error.damage !== undefined) {
      const { firstIndex, lastIndex } = error.damage;
      // Not of this batch alone: its segment is mended as a whole, and may have other holes, found as it was tried.
      reportDamage();
      const message = `batches ${firstIndex} to ${lastIndex} cannot be read on this member, and are fetched from others: try again, or read elsewhere`;
      return new ReplicatedLogError('damaged', message, { cause: error });
    }
    return error.code === 'out-of-range' && wanted < state.start.nextOffset ? this.#outOfRange(wanted) : error;
  }

  #outOfRange(requested: number): ReplicatedLogError {
    const { start, applied } = this.#with.state;
    const bounds = { first: start.nextOffset, end: applied.nextOffset };
    const message = `offset ${requested} is not in the log, which has ${bounds.first} to before ${bounds.end}`;
    return new ReplicatedLogError('out-of-range', message, { requested, ...bounds });
  }
}

function emptyAt(offset: number): Batches {
  return { bytes: Buffer.alloc(0), firstOffset: offset, nextOffset: offset };
}

function requireInteger(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new ReplicatedLogError('invalid', `${name}: expected a whole number from 0 to 2^53-1, got ${inspect(value)}`);
}

/** A promise, or the reason of an abort that comes first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  return await new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
