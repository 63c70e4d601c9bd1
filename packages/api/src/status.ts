import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { type ApiErrorCode, isApiErrorCode } from './error-table.js';
import { ApiError } from './errors.js';
import type { Any } from './generated/google/protobuf/any.js';
import { ErrorInfo, LocalizedMessage, RetryInfo } from './generated/google/rpc/error_details.js';
import { Status } from './generated/google/rpc/status.js';
import { grpcCodeName } from './grpc-code.js';

/** Whose reasons ours are. */
const errorDomain = 'commitlog';

/**
 * Messages and values travel in headers, which are bounded (16 KiB is common): what is longer is cut, and what is too much in all is left
 * out. In bytes of UTF-8; in a header, text takes up to three times, and a status four thirds of that.
 */
const messageBytesMax = 1024;
const valueBytesMax = 256;
const statusBytesMax = 6144;

const typeUrl = (name: string): string => `type.googleapis.com/google.rpc.${name}`;
const typeUrls = { info: typeUrl('ErrorInfo'), text: typeUrl('LocalizedMessage'), retry: typeUrl('RetryInfo') };

/** An error as it travels: in the trailer `grpc-status-details-bin`, or as an element of a stream. */
export function toStatus(error: ApiError): Status {
  const message = shortened(error.message, messageBytesMax);
  const values = Object.entries(error.metadata).map(([key, value]) => [key, shortened(value, valueBytesMax)]);
  const text = any(typeUrls.text, LocalizedMessage.encode({ locale: 'en', message }));
  const retry =
    error.retryAfterMs === undefined
      ? []
      : [any(typeUrls.retry, RetryInfo.encode({ retryDelay: duration(error.retryAfterMs) }))];
  const withThese = (metadata: Record<string, string>, others: readonly Any[]): Status => {
    const info = ErrorInfo.encode({ reason: shortened(error.reason, valueBytesMax), domain: errorDomain, metadata });
    return { code: error.status, message, details: [any(typeUrls.info, info), text, ...retry, ...others] };
  };
  const metadata = Object.fromEntries(values);
  const candidates = [() => withThese(metadata, error.others), () => withThese(metadata, [])];
  for (const candidate of candidates) {
    const status = candidate();
    if (Status.encode(status).finish().length <= statusBytesMax) return status;
  }
  return withThese({}, []);
}

/** An error as it came. What is not understood, other domains' `ErrorInfo` included, is in `others`, unchanged. */
export function fromStatus(status: Status): ApiError {
  const others: Any[] = [];
  let info: ErrorInfo | undefined;
  let text: LocalizedMessage | undefined;
  let retry: RetryInfo | undefined;
  for (const detail of status.details) {
    if (detail.typeUrl === typeUrls.info && info === undefined) info = decoded(ErrorInfo, detail, isOurs);
    else if (detail.typeUrl === typeUrls.text && text === undefined)
      text = decoded(LocalizedMessage, detail, isEnglish);
    else if (detail.typeUrl === typeUrls.retry && retry === undefined) retry = decoded(RetryInfo, detail, isTimed);
    else {
      others.push(detail);
      continue;
    }
    const isUnderstood = detail.typeUrl === typeUrls.info ? info : detail.typeUrl === typeUrls.text ? text : retry;
    if (isUnderstood === undefined) others.push(detail);
  }
  const metadata = info?.metadata ?? {};
  const { leader_id: id, leader_address: address } = metadata;
  const delay = retry?.retryDelay;
  return new ApiError(codeOf(status, info), text?.message || status.message, {
    metadata,
    reason: info?.reason,
    leader: id !== undefined && address !== undefined ? { id, address } : undefined,
    retryAfterMs: delay === undefined ? undefined : millisecondsOf(delay),
    others,
  });
}

/** What a trailer holds, or `undefined` when its bytes are none. */
export function decodeStatus(bytes: Uint8Array): Status | undefined {
  try {
    return Status.decode(bytes);
  } catch {
    return undefined;
  }
}

export function encodeStatus(status: Status): Buffer {
  return bufferOf(Status.encode(status).finish());
}

/** The same memory, as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A reason that this version knows; else the name of the gRPC code, which every version knows. */
function codeOf(status: Status, info: ErrorInfo | undefined): ApiErrorCode {
  if (info !== undefined && isApiErrorCode(info.reason)) return info.reason;
  const name = grpcCodeName(status.code);
  return name === 'OK' ? 'UNKNOWN' : name;
}

interface Decoder<T> {
  decode(bytes: Uint8Array): T;
}

function decoded<T>(decoder: Decoder<T>, detail: Any, isUsable: (value: T) => boolean): T | undefined {
  try {
    const value = decoder.decode(detail.value);
    return isUsable(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isOurs = (info: ErrorInfo): boolean => info.domain === errorDomain;
const isEnglish = (text: LocalizedMessage): boolean => text.locale === 'en';
function isTimed({ retryDelay }: RetryInfo): boolean {
  if (retryDelay === undefined) return false;
  const ms = millisecondsOf(retryDelay);
  return ms >= 0 && ms <= Number.MAX_SAFE_INTEGER;
}

function millisecondsOf({ seconds, nanos }: { seconds: bigint; nanos: number }): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

function any(url: string, writer: BinaryWriter): Any {
  return { typeUrl: url, value: writer.finish() };
}

function duration(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.min(Math.round((ms - seconds * 1000) * 1e6), 999_999_999) };
}

/** Cut, and free of halves of surrogate pairs, which no header can carry. */
function shortened(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return bytes.toString();
  let end = bytesMax - Buffer.byteLength('…');
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1; // never within a character
  return `${bytes.toString('utf8', 0, end)}…`;
}
