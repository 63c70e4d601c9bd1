import type { Metadata } from '@grpc/grpc-js';
import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { grpcCodes } from '../grpc-code.js';
import type { CallObserver } from './observer.js';

const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => metadata.get(key).map(String),
};

const setter: TextMapSetter<Metadata> = { set: (metadata, key, value) => metadata.set(key, value) };

/**
 * A span for each call, at servers and clients, joined over the wire as the registered propagator says. Names and attributes follow
 * OpenTelemetry's conventions for RPC. Without a registered provider it costs next to nothing.
 */
export function tracing(): CallObserver {
  const tracer = trace.getTracer('@commitlog/api');
  return ({ side, method, peer, metadata }) => {
    const [, service = '', name = ''] = method.split('/');
    const isServer = side === 'server';
    const parent = isServer ? propagation.extract(context.active(), metadata, getter) : context.active();
    const attributes = {
      'rpc.system': 'grpc',
      'rpc.service': service,
      'rpc.method': name,
      [isServer ? 'client.address' : 'server.address']: peer,
    };
    const kind = isServer ? SpanKind.SERVER : SpanKind.CLIENT;
    const span = tracer.startSpan(`${service}/${name}`, { kind, attributes }, parent);
    const within = trace.setSpan(parent, span);
    if (!isServer) propagation.inject(within, metadata, setter);
    return {
      run: (work) => context.with(within, work),
      ended({ code, error }) {
        span.setAttribute('rpc.grpc.status_code', grpcCodes[code]);
        if (error !== undefined) {
          span.setAttribute('error.type', error.reason);
          span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
        }
        span.end();
      },
    };
  };
}
