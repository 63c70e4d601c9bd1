import type { Buffer } from 'node:buffer';
import type { RecordHeader, RecordHeaderView, RecordInput, RecordView } from '@commitlog/record';
import type { Codec } from './codec.js';
import { CommitlogError } from './errors.js';

/** A place in a log. An acknowledgement and a record are positions, too; it is plain data, to be sent to other processes. */
export interface Position {
  /** 0 to 2^53 − 1. */
  readonly offset: number;
}

/** A quorum has the record on disk. */
export interface Appended extends Position {
  /** The term of the leader that appended it. */
  readonly term: number;
  /** The leader's clock, in ms since 1970. Never decreases along a log. */
  readonly timeMs: number;
}

/** What goes along with a value. */
export interface RecordOptions {
  /** Text is sent as UTF-8. No key and an empty key are different things. */
  readonly key?: Uint8Array | string | undefined;
  /** Names may repeat in the list form, and keep their order. */
  readonly headers?: HeadersInput | undefined;
  /** When it was made, in ms since 1970: an integer. Default: this machine's clock. Nothing is ordered by it. */
  readonly producerTimeMs?: number | undefined;
}

/** `{ name: value }`, or a list of `{ key, value }`. Text is sent as UTF-8. */
export type HeadersInput =
  | Readonly<Record<string, Uint8Array | string>>
  | readonly { readonly key: string; readonly value?: Uint8Array | string | undefined }[];

/** What all records of a batch have in common. */
export interface BatchPlace {
  readonly term: number;
  readonly timeMs: number;
}

/** A record as it was read. Key, header values and bytes are views of its batch, and keep it, up to 1 MiB, in memory: copy what is to be kept for long. */
export class LogRecord<T> implements Appended {
  readonly offset: number;
  /** Decoded by the log's codec. */
  readonly value: T;
  readonly key: Buffer | undefined;
  /** The term of the leader that appended it. */
  readonly term: number;
  /** When it was appended: the leader's clock, in ms since 1970. Never decreases along a log. */
  readonly timeMs: number;
  /** When it was made, says its producer: in ms since 1970. */
  readonly producerTimeMs: number;
  // Not for whoever prints a record: it has the whole batch behind it.
  readonly #view: RecordView;

  constructor(view: RecordView, place: BatchPlace, codec: Codec<T>) {
    this.offset = view.offset;
    this.value = codec.decode(view.value);
    this.key = view.key;
    this.term = place.term;
    this.timeMs = place.timeMs;
    this.producerTimeMs = view.time;
    this.#view = view;
  }

  /** In their order; decoded anew each time. */
  get headers(): readonly RecordHeaderView[] {
    return this.#view.headers;
  }

  /** The value of the first header of that name; `undefined` where there is none. */
  header(name: string): Buffer | undefined {
    return this.#view.headers.find(({ key }) => key === name)?.value;
  }
}

/** Records that were appended together, or what a read wants of them. */
export interface RecordBatch<T> extends BatchPlace {
  readonly records: readonly LogRecord<T>[];
  /** The offset of the first. */
  readonly firstOffset: number;
  /** The offset behind the last. */
  readonly nextOffset: number;
}

/**
 * A record in the form that batches are made of.
 *
 * @throws CommitlogError `INVALID_ARGUMENT` for headers that are none
 */
export function recordOf(value: Uint8Array, options: RecordOptions | undefined, nowMs: number): RecordInput {
  if (options === undefined) return { value, time: nowMs };
  const { key, headers, producerTimeMs = nowMs } = options;
  return {
    value,
    key: bytesOf(key),
    headers: headers === undefined ? undefined : headersOf(headers),
    time: producerTimeMs,
  };
}

/** Headers in the form that batches are made of. */
function headersOf(input: HeadersInput): RecordHeader[] {
  try {
    if (isList(input)) return input.map(({ key, value }) => ({ key, value: bytesOf(value) }));
    return Object.entries(input).map(([key, value]) => ({ key, value: bytesOf(value) }));
  } catch (cause) {
    const message = 'headers: expected { name: value }, or a list of { key, value }';
    throw new CommitlogError('INVALID_ARGUMENT', message, { outcome: 'not-applied', cause });
  }
}

/** Text as bytes; bytes, and what is neither, as they are. */
function bytesOf<B>(value: B | string): B | Uint8Array {
  return typeof value === 'string' ? encoder.encode(value) : value;
}

const encoder = new TextEncoder();

function isList(input: HeadersInput): input is Extract<HeadersInput, readonly unknown[]> {
  return Array.isArray(input);
}
