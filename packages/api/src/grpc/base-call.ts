import { constants, type ServerHttp2Stream } from 'node:http2';
import { type ServerInterceptingCallInterface, status as statusCodes } from '@grpc/grpc-js';
import { ApiError } from '../errors.js';
import { type GrpcCodeName, grpcCodeName } from '../grpc-code.js';
import { fromTrailer, type Trailer, withDetails } from './trailer.js';

/**
 * The call beneath all interceptors. This file leans on members of grpc-js 1.14.7 that are not its API: it sends some
 * statuses of its own (a message too long, bytes that are no message) past all interceptors, it decompresses every message of a frame
 * at once, and it leaves a stream open whose client neither reads nor ends. Its test fails when they change.
 */
interface Internals {
  stream: ServerHttp2Stream;
  decompressMessage(message: Buffer, encoding: string): Buffer | Promise<Buffer>;
  sendStatus(status: Trailer): void;
}

/** How long a stream that was ended has to go, before it is cut. In milliseconds. */
export const lingerMs = 500;

export interface BaseCall {
  /** Ends the call with an error, now; the stream is cut when the client has not taken note soon after. */
  end(trailer: Trailer): void;
  /** The handler takes one more message: one more may be decompressed. */
  allowMessage(): void;
  /** The same object for all calls of a connection. */
  readonly connection: object;
}

/**
 * Makes the call tell how it ended, whoever ends it, and end for good.
 *
 * @param onEnd told once, before the status goes out
 */
export function takeBaseCall(
  call: ServerInterceptingCallInterface,
  onEnd: (code: GrpcCodeName, error: ApiError | undefined) => void,
): BaseCall {
  const base = call as unknown as Internals;
  const send = base.sendStatus.bind(base);
  let hasEnded = false;
  base.sendStatus = (status) => {
    const trailer = withDetails(status, explain);
    if (!hasEnded) {
      hasEnded = true;
      const isSuccess = trailer.code === statusCodes.OK;
      onEnd(grpcCodeName(trailer.code), isSuccess ? undefined : fromTrailer(trailer));
      // Whoever reads an answer may take its time; from its end on there is nothing to wait for, also from a client that goes on sending.
      if (isSuccess && !base.stream.writableFinished) base.stream.once('finish', () => cutIfItLingers(base.stream));
      else cutIfItLingers(base.stream);
    }
    send(trailer);
  };
  // A client that resets a stream without an error is waited for, until what it sent was read: for ever, if nobody reads.
  base.stream.once('aborted', () => base.stream.destroy());
  const allowMessage = decompressInTurn(base);
  return { end: (trailer) => base.sendStatus(trailer), allowMessage, connection: base.stream.session ?? base.stream };
}

/**
 * A kilobyte may be a megabyte compressed, and a frame can hold dozens: each is inflated only when the handler takes a message,
 * and then only up to the limit. Returns what a message may be taken with.
 */
function decompressInTurn(base: Internals): () => void {
  const decompress = base.decompressMessage.bind(base);
  const waiting: Array<() => void> = [];
  let allowed = 0;
  base.decompressMessage = (message, encoding) => {
    if (allowed > 0) {
      allowed -= 1;
      return decompress(message, encoding);
    }
    return new Promise<void>((resolve) => waiting.push(resolve)).then(() => decompress(message, encoding));
  };
  return () => {
    const next = waiting.shift();
    if (next === undefined) allowed += 1;
    else next();
  };
}

function cutIfItLingers(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return;
  const timer = setTimeout(() => {
    if (stream.destroyed) return;
    // Whoever does not read gets no status either. Whoever has it and goes on sending is told, politely, to stop.
    stream.close(stream.writableFinished ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
  }, lingerMs).unref();
  stream.once('close', () => clearTimeout(timer));
}

/** What grpc-js says of its own accord, and what it is: bytes from a client are never an internal error. */
const own: ReadonlyArray<readonly [code: number, text: string, error: (text: string) => ApiError]> = [
  [statusCodes.INTERNAL, 'Error deserializing request', (text) => new ApiError('MALFORMED_MESSAGE', malformed(text))],
  [statusCodes.INTERNAL, 'Failed to decompress', (text) => new ApiError('MALFORMED_MESSAGE', malformed(text))],
  [statusCodes.INTERNAL, 'Invalid grpc-timeout', (text) => new ApiError('INVALID_REQUEST', text)],
  [statusCodes.RESOURCE_EXHAUSTED, 'Received message', (text) => new ApiError('MESSAGE_TOO_LARGE', text)],
  [statusCodes.RESOURCE_EXHAUSTED, 'Sent message', (text) => new ApiError('MESSAGE_TOO_LARGE', text)],
  [statusCodes.DEADLINE_EXCEEDED, '', () => new ApiError('DEADLINE_EXCEEDED', 'the deadline of the call has passed')],
];

const malformed = (text: string): string => `the message cannot be decoded: ${text.toLowerCase()}`;

function explain(status: Trailer): ApiError {
  const match = own.find(([code, text]) => code === status.code && status.details.startsWith(text));
  return match === undefined ? fromTrailer(status) : match[2](status.details);
}
