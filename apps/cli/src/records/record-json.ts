import { Buffer, isUtf8 } from 'node:buffer';
import type { LogRecord, RecordOptions } from '@commitlog/client';
import { CommandError } from '../errors.js';

/** Bytes in JSON: text where they are UTF-8; otherwise, under another name, base64. */
type Bytes<Name extends string> = { readonly [N in Name | `${Name}Base64`]?: string };

/** A record as one line of JSON says it: what `consume` prints and `produce` takes. */
export type RecordJson = Bytes<'value'> &
  Bytes<'key'> & {
    readonly headers?: readonly (Bytes<'value'> & { readonly key: string })[];
    readonly offset?: number;
    readonly term?: number;
    readonly timeMs?: number;
    readonly producerTimeMs?: number;
  };

export function recordJson({
  offset,
  term,
  timeMs,
  producerTimeMs,
  key,
  headers,
  value,
}: LogRecord<Uint8Array>): RecordJson {
  return {
    ...{ offset, term, timeMs, producerTimeMs },
    ...(key !== undefined && bytesJson('key', key)),
    ...(headers.length > 0 && {
      headers: headers.map((header) => ({
        key: header.key,
        ...(header.value !== undefined && bytesJson('value', header.value)),
      })),
    }),
    ...bytesJson('value', value),
  };
}

/** What one line asks to have appended. Its place is not taken over: the log gives it one. */
export function recordOfJson(
  line: Buffer,
  number: number,
): { readonly value: Buffer; readonly options: RecordOptions } {
  const refuse = (what: string): never => {
    const form =
      '{ "value": "…" }, or "valueBase64"; "key", "headers": [{ "key", "value" }] and "producerTimeMs" may be there';
    throw new CommandError('wrong-input', `line ${number} is no record: ${what}. Expected ${form}`);
  };
  const parsed = parse(line) as RecordJson | undefined;
  if (typeof parsed !== 'object' || parsed === null) return refuse('it is no JSON object');
  const { headers = [], producerTimeMs } = parsed;
  if (!Array.isArray(headers)) return refuse('"headers" is no list');
  if (producerTimeMs !== undefined && !Number.isSafeInteger(producerTimeMs))
    return refuse('"producerTimeMs" is no whole number');
  try {
    const value = bytesOf(parsed, 'value');
    if (value === undefined) return refuse('it has no "value"');
    return {
      value,
      options: {
        key: bytesOf(parsed, 'key'),
        headers: headers.map((header) => ({ key: nameOf(header), value: bytesOf(header, 'value') })),
        producerTimeMs,
      },
    };
  } catch (error) {
    if (error instanceof TypeError) return refuse(error.message);
    throw error;
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString()) as unknown;
  } catch {
    return undefined;
  }
}

function bytesJson(name: string, bytes: Uint8Array): object {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? { [name]: buffer.toString() } : { [`${name}Base64`]: buffer.toString('base64') };
}

/** @throws TypeError */
function bytesOf(json: object, name: 'key' | 'value'): Buffer | undefined {
  const { [name]: text, [`${name}Base64` as const]: base64 } = json as Readonly<Record<string, unknown>>;
  const given = text ?? base64;
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'string') throw new TypeError(`"${name}" is no text`);
  return text === undefined ? Buffer.from(given, 'base64') : Buffer.from(given);
}

/** @throws TypeError */
function nameOf(header: unknown): string {
  const { key } = (header ?? {}) as { readonly key?: unknown };
  if (typeof key !== 'string') throw new TypeError('a header has no "key"');
  return key;
}
