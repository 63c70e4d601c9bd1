import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { LogProducer } from './append/log-producer.js';
import { type Codec, encodeValue } from './codec.js';
import type { AppendOptions, Cluster, Commitlog, GetOptions } from './commitlog.js';
import { CommitlogError } from './errors.js';
import { closed } from './failures.js';
import type { Producer, ProducerSettings } from './producer.js';
import { LogReading } from './read/log-reading.js';
import type { ReadFrom, Reading, ReadOptions } from './reading.js';
import { type Appended, type LogRecord, type Position, recordOf } from './record.js';
import type { Session } from './session.js';

/** A log, with values of one kind, over connections that it may share. */
export class LogHandle<T> implements Commitlog<T> {
  readonly #session: Session;
  readonly #codec: Codec<T>;

  constructor(session: Session, codec: Codec<T>) {
    this.#session = session;
    this.#codec = codec;
  }

  get name(): string {
    return this.#session.init.log;
  }

  get cluster(): Cluster {
    const { term, servers } = this.#session.directory;
    return { term, servers };
  }

  append(value: T, options: AppendOptions = {}): Promise<Appended> {
    try {
      const { expectedOffset, signal } = options;
      if (expectedOffset !== undefined) requireOffset('expectedOffset', expectedOffset);
      requireSignal(signal);
      const { components, appends } = this.#session;
      const isPlain =
        options.key === undefined && options.headers === undefined && options.producerTimeMs === undefined;
      const record = recordOf(
        encodeValue(this.#codec, value),
        isPlain ? undefined : options,
        components.clock.wallMs(),
      );
      return appends.append(record, expectedOffset, signal);
    } catch (error) {
      return handled(Promise.reject(error));
    }
  }

  producer({ name }: ProducerSettings = {}): Producer<T> {
    if (name !== undefined) requireName(name);
    const { lane, release } = this.#session.openLane(name, { mode: 'stream', isNamed: name !== undefined });
    const { clock } = this.#session.components;
    return new LogProducer(name, { lane, codec: this.#codec, clock, onOver: release });
  }

  read(options: ReadOptions = {}): Reading<T> {
    const { from = 'start', follow = false, limit = Number.POSITIVE_INFINITY, consistency, atLeast, signal } = options;
    requireFrom(from);
    requireSignal(signal);
    if (limit !== Number.POSITIVE_INFINITY) requireOffset('limit', limit);
    if (atLeast !== undefined) requireOffset('atLeast.offset', atLeast.offset);
    if (consistency !== undefined && consistency !== 'committed' && consistency !== 'linearizable') {
      throw invalid(`consistency: expected 'committed' or 'linearizable', got ${JSON.stringify(consistency)}`);
    }
    const session = this.#session;
    if (session.isClosed) throw closed('the log');
    const { client, directory, components, init } = session;
    const { clock, random, readObserver } = components;
    // Whatever was acknowledged was committed, and everything committed by now is seen.
    const isLinearizable = consistency === 'linearizable' || atLeast !== undefined;
    const reading: LogReading<T> = new LogReading(
      { log: init.log, deadlineMs: init.deadlineMs, from, follow, limit, isLinearizable, codec: this.#codec, signal },
      {
        ...{ client, directory, clock, random, onOver: () => session.removeReading(reading) },
        ...(readObserver !== undefined && { observer: readObserver }),
      },
    );
    session.addReading(reading);
    return reading;
  }

  async get(at: number | Position, { signal }: GetOptions = {}): Promise<LogRecord<T>> {
    const offset = typeof at === 'number' ? at : at?.offset;
    requireOffset('offset', offset);
    for await (const record of this.read({ from: { offset }, limit: 1, ...(signal && { signal }) })) return record;
    throw new CommitlogError(
      'OFFSET_OUT_OF_RANGE',
      `there is no record at offset ${offset} yet: it is where the log ends`,
      {
        offset,
        end: offset,
      },
    );
  }

  withCodec<U>(codec: Codec<U>): Commitlog<U> {
    return new LogHandle(this.#session, codec);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** @throws CommitlogError `INVALID_ARGUMENT` */
function requireOffset(name: string, value: unknown): void {
  if (isCount(value)) return;
  throw invalid(`${name}: expected a whole number from 0 to 2^53 − 1, got ${String(value)}`);
}

/** @throws CommitlogError `INVALID_ARGUMENT` */
function requireSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalid(`signal: expected an AbortSignal, got ${inspect(signal, { depth: 0 })}`);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function requireFrom(from: ReadFrom): void {
  if (from === 'start' || from === 'end') return;
  if (typeof from === 'object' && from !== null) {
    const count = 'offset' in from ? from.offset : 'last' in from ? from.last : undefined;
    if (isCount(count) || ('time' in from && Number.isSafeInteger(from.time))) return;
  }
  throw invalid(
    `from: expected 'start', 'end', { offset }, { time } or { last }, each a whole number, got ${JSON.stringify(from)}`,
  );
}

/** What the log takes for a name, without a NUL: at most 256 bytes. */
function requireName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes >= 1 && bytes <= 256 && !name.includes('\0')) return;
  throw invalid(
    `a producer's name must have 1 to 256 bytes, and no NUL, got ${bytes}: ${JSON.stringify(name.slice(0, 40))}`,
  );
}

function invalid(message: string): CommitlogError {
  return new CommitlogError('INVALID_ARGUMENT', message, { outcome: 'not-applied' });
}

/** Whoever does not wait for it is no reason to end the process. */
function handled<P>(promise: Promise<P>): Promise<P> {
  promise.catch(() => {});
  return promise;
}
