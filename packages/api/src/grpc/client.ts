import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { ApiError } from '../errors.js';
import { grpcCodeName, grpcCodes } from '../grpc-code.js';
import { type MethodDefinition, pathOf, type RequestOf, type ResponseOf, type ServiceDefinition } from '../service.js';
import { decode, encode } from './codec.js';
import { warn } from './failures.js';
import { incoming, once } from './incoming.js';
import { timerMsMax } from './limits.js';
import { type CallObserver, Observation } from './observer.js';
import { Outgoing } from './outgoing.js';
import { fromTrailer, type Trailer } from './trailer.js';

/** What a call may be given besides its request. */
export interface CallSettings {
  /** From now on, in milliseconds; above 2^31−1, that. Default: the channel's for calls without a stream, none for streams. */
  readonly timeoutMs?: number;
  /** Ends the call when it is aborted. The call then ends with `CANCELLED`, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal;
  /** Sent ahead. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a server streams. Iterate it once; leaving the loop early cancels the call. */
export interface Responses<T> extends AsyncIterable<T> {
  /** Ends the call. The loop ends with an {@link ApiError} `CANCELLED`. */
  cancel(): void;
}

/** Both ways at once. */
export interface Duplex<Req, Res> extends Responses<Res> {
  /** See {@link Outgoing.write}. */
  write(request: Req): Promise<void>;
  /** No more requests. Responses go on. */
  end(): void;
  /** What was written and has not left for the network yet, in bytes. */
  readonly unsentBytes: number;
}

/** How a method is called. Whatever goes wrong with the call is thrown as an {@link ApiError}; a request that cannot be encoded never leaves. */
export type Method<M extends MethodDefinition> = M['requestStream'] extends true
  ? (settings?: CallSettings) => Duplex<RequestOf<M>, ResponseOf<M>>
  : M['responseStream'] extends true
    ? (request: RequestOf<M>, settings?: CallSettings) => Responses<ResponseOf<M>>
    : (request: RequestOf<M>, settings?: CallSettings) => Promise<ResponseOf<M>>;

export type ServiceClient<S extends ServiceDefinition> = {
  readonly [K in keyof S['methods']]: Method<S['methods'][K]>;
};

/** What all clients of a channel share. */
export interface Caller {
  readonly grpc: Client;
  readonly observers: readonly CallObserver[];
  readonly target: string;
  readonly deadlineMs: number;
  /** Whether the channel was closed. */
  isClosed: boolean;
}

export function clientOf<S extends ServiceDefinition>(service: S, caller: Caller): ServiceClient<S> {
  const entries = Object.entries(service.methods).map(([key, method]) => {
    const path = pathOf(service, method);
    if (method.requestStream) return [key, (settings?: CallSettings) => duplex(caller, path, method, settings)];
    const call = method.responseStream ? serverStream : unary;
    return [key, (request: unknown, settings?: CallSettings) => call(caller, path, method, request, settings)];
  });
  return Object.fromEntries(entries);
}

async function unary(
  caller: Caller,
  path: string,
  method: MethodDefinition,
  request: unknown,
  settings: CallSettings = {},
): Promise<unknown> {
  const bytes = encode(method.requestType, request);
  const { metadata, options, observation } = begin(caller, path, false, settings);
  return new Promise((resolve, reject) => {
    const answered = (error: ServiceError | null, response?: unknown): void => {
      unlink();
      if (error === null) resolve(response);
      else reject(errorOf(error, settings.signal));
      end(observation, error);
    };
    const call = observation.run(() =>
      caller.grpc.makeUnaryRequest(path, same, decoder(method, observation), bytes, metadata, options, answered),
    );
    observation.messagesSent += 1;
    const unlink = linkSignal(settings.signal, call);
  });
}

function serverStream(
  caller: Caller,
  path: string,
  method: MethodDefinition,
  request: unknown,
  settings: CallSettings = {},
): Responses<unknown> {
  const bytes = encode(method.requestType, request);
  const { metadata, options, observation } = begin(caller, path, true, settings);
  const call = observation.run(() =>
    caller.grpc.makeServerStreamRequest(path, same, decoder(method, observation), bytes, metadata, options),
  );
  observation.messagesSent += 1;
  return responsesOf(call, observation, settings);
}

function duplex(
  caller: Caller,
  path: string,
  method: MethodDefinition,
  settings: CallSettings = {},
): Duplex<unknown, unknown> {
  const { metadata, options, observation } = begin(caller, path, true, settings);
  const call = observation.run(() =>
    caller.grpc.makeBidiStreamRequest<Buffer, unknown>(path, same, decoder(method, observation), metadata, options),
  );
  const requests = new Outgoing<unknown>(call, method.requestType);
  const responses = responsesOf(call, observation, settings, (reason) => requests.close(reason));
  return {
    ...responses,
    write: (request) => {
      observation.messagesSent += 1;
      return requests.write(request);
    },
    end: () => requests.end(),
    get unsentBytes() {
      return requests.unsentBytes;
    },
  };
}

type ResponseStream = ClientReadableStream<unknown> | ClientDuplexStream<Buffer, unknown>;

function responsesOf(
  call: ResponseStream,
  observation: Observation,
  { signal }: CallSettings,
  onOver: (reason: ApiError) => void = () => {},
): Responses<unknown> {
  let failure: ApiError | undefined;
  // Without this listener an error would end the process, also while nobody iterates.
  call.on('error', (error) => {
    failure ??= errorOf(error as ServiceError, signal);
  });
  call.on('status', (status) => {
    unlink();
    if (status.code !== 0) failure ??= errorOf(status, signal);
    onOver(failure ?? new ApiError('CANCELLED', 'the server has ended the call'));
    end(observation, status.code === 0 ? null : status);
  });
  const unlink = linkSignal(signal, call);
  const received = once(async function* () {
    try {
      yield* incoming(call, () => failure);
      if (failure !== undefined) throw failure;
    } finally {
      // After the end this does nothing.
      call.cancel();
    }
  });
  return { cancel: () => call.cancel(), [Symbol.asyncIterator]: () => received[Symbol.asyncIterator]() };
}

function begin(caller: Caller, method: string, isStream: boolean, settings: CallSettings) {
  const { signal } = settings;
  if (signal?.aborted) throw aborted(signal);
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(settings.metadata ?? {})) metadata.set(key, value);
  const start = { side: 'client', method, isStream, peer: caller.target, metadata } as const;
  const observation = new Observation(caller.observers, start, warn);
  if (caller.isClosed) {
    const closed = new ApiError('CANCELLED', 'the channel was closed');
    observation.end('CANCELLED', closed);
    throw closed;
  }
  const timeoutMs = settings.timeoutMs ?? (isStream ? undefined : caller.deadlineMs);
  const options: CallOptions =
    timeoutMs === undefined ? {} : { deadline: Date.now() + Math.min(timeoutMs, timerMsMax) };
  return { metadata, options, observation };
}

function end(observation: Observation, failed: { code: number; details: string; metadata: Metadata } | null): void {
  if (failed === null) observation.end('OK', undefined);
  else observation.end(grpcCodeName(failed.code), fromTrailer(failed));
}

/** What a call ended with. Where our own signal has ended it, the signal's reason is the cause. */
function errorOf(trailer: Trailer, signal: AbortSignal | undefined): ApiError {
  return signal?.aborted && trailer.code === grpcCodes.CANCELLED ? aborted(signal) : fromTrailer(trailer);
}

function aborted({ reason }: AbortSignal): ApiError {
  return new ApiError('CANCELLED', 'the signal of the call was aborted', { cause: reason });
}

/** Cancels the call when the signal is aborted. Returns what forgets it, so that a long-lived signal keeps no call. */
function linkSignal(signal: AbortSignal | undefined, call: { cancel(): void }): () => void {
  if (signal === undefined) return () => {};
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

const same = (bytes: Buffer): Buffer => bytes;

function decoder(method: MethodDefinition, observation: Observation): (bytes: Buffer) => unknown {
  return (bytes) => {
    observation.messagesReceived += 1;
    return decode(method.responseType, bytes);
  };
}
