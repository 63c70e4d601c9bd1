import type {
  MethodDefinition as GrpcMethod,
  ServiceDefinition as GrpcService,
  Metadata,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ApiError } from '../errors.js';
import { type MethodDefinition, pathOf, type RequestOf, type ResponseOf, type ServiceDefinition } from '../service.js';
import type { CallContext } from './call-context.js';
import { decode, encode } from './codec.js';
import { incoming, once } from './incoming.js';
import { Outgoing } from './outgoing.js';
import type { ErrorTrailer } from './trailer.js';

/**
 * What answers a method. Throwing an {@link ApiError} tells it to the client; whatever else is thrown is logged under an id, and
 * the client is told the id alone. A stream ends well when its handler returns. The end of the requests says only that there are no
 * more: a client on Node that breaks off sends an ordinary end before the reset. What is thrown after the call is over is not told to
 * anybody: it is about the end itself.
 */
export type Handler<M extends MethodDefinition> = M['responseStream'] extends true
  ? M['requestStream'] extends true
    ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext, responses: Outgoing<ResponseOf<M>>) => Promise<void>
    : (request: RequestOf<M>, context: CallContext, responses: Outgoing<ResponseOf<M>>) => Promise<void>
  : (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>> | ResponseOf<M>;

/** A handler for every method of a service. */
export type Handlers<S extends ServiceDefinition> = { readonly [K in keyof S['methods']]: Handler<S['methods'][K]> };

/** What a server has to know to run handlers. */
export interface HandlerHost {
  /** Runs a handler; the call counts as work until it has settled. */
  handle(call: { readonly metadata: Metadata }, handler: (context: CallContext) => Promise<void>): Promise<void>;
  /** What the client is told of what a handler has thrown. Does not throw. */
  explain(context: CallContext, thrown: unknown): ErrorTrailer;
}

// biome-ignore lint/suspicious/noExplicitAny: the types of messages are those of `Handlers`, which nobody gets past
type AnyHandler = (...args: any[]) => unknown;

/** How grpc-js is told of a service: handlers encode what they send by themselves, so that they know how much waits. */
export function grpcService(service: ServiceDefinition): GrpcService {
  const entries = Object.entries(service.methods).map(([key, method]): [string, GrpcMethod<unknown, Buffer>] => {
    if (method.requestStream && !method.responseStream) {
      throw new TypeError(`${pathOf(service, method)} streams requests only: that is not supported, stream both ways`);
    }
    return [
      key,
      {
        path: pathOf(service, method),
        originalName: key,
        requestStream: method.requestStream,
        responseStream: method.responseStream,
        requestDeserialize: (bytes) => decode(method.requestType, bytes),
        responseSerialize: (bytes) => bytes,
        requestSerialize: () => Buffer.alloc(0),
        responseDeserialize: (bytes) => bytes,
      },
    ];
  });
  return Object.fromEntries(entries);
}

export function grpcHandlers<S extends ServiceDefinition>(
  service: S,
  handlers: Handlers<S>,
  host: HandlerHost,
): UntypedServiceImplementation {
  const entries = Object.entries(service.methods).map(([key, method]) => {
    const handler = handlers[key as keyof Handlers<S>] as AnyHandler | undefined;
    if (handler === undefined) throw new TypeError(`no handler for ${pathOf(service, method)}`);
    const bound = handler.bind(handlers);
    if (!method.responseStream) return [key, unary(method, bound, host)];
    return [key, method.requestStream ? bidirectional(method, bound, host) : serverStream(method, bound, host)];
  });
  return Object.fromEntries(entries);
}

function unary(method: MethodDefinition, handler: AnyHandler, host: HandlerHost) {
  return (call: ServerUnaryCall<unknown, Buffer>, callback: sendUnaryData<Buffer>): Promise<void> =>
    host.handle(call, async (context) => {
      try {
        const response = await handler(call.request, context);
        if (context.signal.aborted) return;
        callback(null, encode(method.responseType, response));
      } catch (thrown) {
        if (!context.signal.aborted) callback(host.explain(context, thrown));
      }
    });
}

function serverStream(method: MethodDefinition, handler: AnyHandler, host: HandlerHost) {
  return (call: ServerWritableStream<unknown, Buffer>): Promise<void> =>
    stream(call, method, host, (context, responses) => handler(call.request, context, responses));
}

function bidirectional(method: MethodDefinition, handler: AnyHandler, host: HandlerHost) {
  return (call: ServerDuplexStream<unknown, Buffer>): Promise<void> => {
    const requestsOf = ({ signal }: CallContext) =>
      once(() => incoming(call, () => signal.reason as ApiError | undefined));
    return stream(call, method, host, (context, responses) => handler(requestsOf(context), context, responses));
  };
}

function stream(
  call: ServerWritableStream<unknown, Buffer> | ServerDuplexStream<unknown, Buffer>,
  method: MethodDefinition,
  host: HandlerHost,
  handler: (context: CallContext, responses: Outgoing<unknown>) => unknown,
): Promise<void> {
  const responses = new Outgoing(call, method.responseType);
  // grpc-js listens for errors, too, and answers with them; without any listener they would end the process.
  call.on('error', () => responses.close());
  return host.handle(call, async (context) => {
    const { signal } = context;
    signal.addEventListener('abort', () => responses.close(signal.reason), { once: true });
    try {
      await handler(context, responses);
      if (!signal.aborted) call.end();
    } catch (thrown) {
      if (!signal.aborted) call.emit('error', host.explain(context, thrown));
    } finally {
      responses.close();
    }
  });
}
