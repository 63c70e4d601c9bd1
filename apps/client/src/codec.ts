import { Buffer } from 'node:buffer';
import { CommitlogError } from './errors.js';

/** How values become bytes and are made of them. Both throw what they like for what they cannot do. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** @param bytes a view of a batch that was read: copy what is to be kept for long */
  decode(bytes: Buffer): T;
}

/** Values as they are: bytes. What is read are views that keep their batch, of up to 1 MiB, in memory: copy what is to be kept for long. */
export function bytes(): Codec<Uint8Array> {
  return bytesCodec;
}

/** Text as UTF-8. Half a surrogate pair, which UTF-8 cannot say, and bytes that are no UTF-8 are refused rather than replaced. */
export function text(): Codec<string> {
  return textCodec;
}

/** Whatever JSON can say. What it says of a value that it cannot (`undefined`, a function) is refused. */
export function json<T = unknown>(): Codec<T> {
  return {
    encode(value) {
      const said = JSON.stringify(value) as string | undefined;
      if (said === undefined) throw new TypeError(`JSON has no word for a ${typeof value}`);
      return Buffer.from(said);
    },
    decode: (bytes) => JSON.parse(textCodec.decode(bytes)) as T,
  };
}

const bytesCodec: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value };
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const loneSurrogate = /\p{Surrogate}/u;

const textCodec: Codec<string> = {
  encode(value) {
    if (typeof value !== 'string') throw new TypeError(`expected text, got a ${typeof value}`);
    if (loneSurrogate.test(value)) throw new TypeError('half a surrogate pair is no Unicode text');
    return Buffer.from(value);
  },
  decode: (bytes) => utf8.decode(bytes),
};

/** @throws CommitlogError `INVALID_ARGUMENT` with what the codec says */
export function encodeValue<T>(codec: Codec<T>, value: T): Uint8Array {
  try {
    return codec.encode(value);
  } catch (cause) {
    throw new CommitlogError('INVALID_ARGUMENT', `the value cannot be encoded: ${wordsOf(cause)}`, {
      cause,
      outcome: 'not-applied',
    });
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
