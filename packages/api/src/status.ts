import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { type ApiErrorCode, isApiErrorCode } from './error-table.js';
import { ApiError } from './errors.js';
import type { Any } from './generated/google/protobuf/any.js';
import { ErrorInfo, LocalizedMessage, RetryInfo } from './generated/google/rpc/error_details.js';
import { Status } from './generated/google/rpc/status.js';
import { grpcCodeName } from './grpc-code.js';

/** Whose reasons ours are. */
const errorDomain = 'commitlog';

/** Messages and values travel in headers, which are bounded: what is longer is cut. In characters. */
const messageLengthMax = 1024;
const valueLengthMax = 256;

const typeUrl = (name: string): string => `type.googleapis.com/google.rpc.${name}`;
const typeUrls = { info: typeUrl('ErrorInfo'), text: typeUrl('LocalizedMessage'), retry: typeUrl('RetryInfo') };

/** An error as it travels: in the trailer `grpc-status-details-bin`, or as an element of a stream. */
export function toStatus(error: ApiError): Status {
  const message = shortened(error.message, messageLengthMax);
  const metadata = Object.fromEntries(
    Object.entries(error.metadata).map(([key, value]) => [key, shortened(value, valueLengthMax)]),
  );
  const info = ErrorInfo.encode({ reason: error.reason, domain: errorDomain, metadata });
  const text = LocalizedMessage.encode({ locale: 'en', message });
  const details = [any(typeUrls.info, info), any(typeUrls.text, text)];
  if (error.retryAfterMs !== undefined) {
    details.push(any(typeUrls.retry, RetryInfo.encode({ retryDelay: duration(error.retryAfterMs) })));
  }
  return { code: error.status, message, details: [...details, ...error.others] };
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
    retryAfterMs: delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1e6,
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
const isTimed = (retry: RetryInfo): boolean => retry.retryDelay !== undefined;

function any(url: string, writer: BinaryWriter): Any {
  return { typeUrl: url, value: writer.finish() };
}

function duration(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** Cut, and free of halves of surrogate pairs, which no header can carry. */
function shortened(text: string, lengthMax: number): string {
  const cut = text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
  return Buffer.from(cut).toString();
}
