import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerOptions, Settings } from 'node:http2';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { type ServerOptions as GrpcServerOptions, Server, type ServerCredentials } from '@grpc/grpc-js';
import type { Connections } from './connections.js';
import { type Limits, serverOptions, timerMsMax } from './limits.js';

/**
 * A grpc-js server with the limits that its options do not reach. This file leans on two members of grpc-js 1.14.7 that are not
 * its API: `commonServerOptions`, what it creates HTTP/2 servers with, and `createHttp2Server`, which does. Its test looks at the
 * settings on the wire, and fails when either changes.
 */
interface Internals {
  commonServerOptions: ServerOptions;
  createHttp2Server(credentials: ServerCredentials): Http2Server;
}

/**
 * @param connections gets to know every connection
 * @param onError told of what befalls the listening socket after it was opened, such as no file descriptor being left, and of what
 * listeners throw
 */
export function createGrpcServer(
  limits: Limits,
  interceptors: NonNullable<GrpcServerOptions['interceptors']>,
  connections: Connections,
  onError: (error: Error) => void,
): Server {
  const server = new Server({ ...serverOptions(limits), interceptors });
  const internals = server as unknown as Internals;
  internals.commonServerOptions = {
    ...internals.commonServerOptions,
    // For who speaks TLS and then no HTTP/2.
    unknownProtocolTimeout: limits.prefaceMs,
    maxHeaderListPairs: limits.headersMax,
    settings: settingsOf(limits),
  };
  const create = internals.createHttp2Server.bind(server);
  internals.createHttp2Server = (credentials) => {
    const http2Server = create(credentials);
    // Without a listener, an error of the socket would end the process.
    http2Server.on('error', onError);
    contain(http2Server, onError);
    http2Server.on('secureConnection', rememberCertificate);
    connections.watch(http2Server);
    // Before grpc-js, which then reads what this leaves.
    http2Server.prependListener('stream', (_stream, headers) => clampTimeout(headers));
    http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(limits.connectionWindowBytes);
      cutWhenSilent(session, limits.prefaceMs);
    });
    return http2Server;
  };
  return server;
}

/**
 * Whatever a listener throws ends what the event was about, a connection or a call, and nothing else: nobody catches it above, and it would end
 * the process. grpc-js itself throws when a call comes in whose connection has just gone.
 */
function contain(server: Http2Server, onError: (error: Error) => void): void {
  const emit = server.emit.bind(server) as (event: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    try {
      return emit(event, ...args);
    } catch (error) {
      onError(error as Error);
      (args[0] as { destroy?: () => void } | undefined)?.destroy?.();
      return true;
    }
  };
}

/** Every call asks for the certificate, which takes longer to read than most of what else is done for a call. It never changes (RFC 8446 §4.6). */
function rememberCertificate(socket: TLSSocket): void {
  const read = socket.getPeerCertificate.bind(socket) as (isDetailed?: boolean) => PeerCertificate;
  let remembered: PeerCertificate | undefined;
  const remember = (isDetailed?: boolean): PeerCertificate => {
    // Of a socket that is gone Node has none, which grpc-js does not expect. Whoever it was is nobody now, and no call of theirs is served.
    if (socket.destroyed) return {} as PeerCertificate;
    if (isDetailed) return read(true);
    remembered ??= read();
    return remembered;
  };
  socket.getPeerCertificate = remember as TLSSocket['getPeerCertificate'];
}

function settingsOf(limits: Limits): Settings {
  return {
    maxConcurrentStreams: limits.streamsMax,
    initialWindowSize: limits.streamWindowBytes,
    maxHeaderListSize: limits.headerBytesMax,
  };
}

const timeoutUnitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000 };

/** grpc-js takes 32 bits of the milliseconds, and so ends a call of a month at once: what is longer than they hold is cut to that. */
function clampTimeout(headers: IncomingHttpHeaders): void {
  const [, value, unit = ''] = /^(\d{1,8})([HMS])$/.exec(`${headers['grpc-timeout']}`) ?? [];
  if (Number(value) * (timeoutUnitsMs[unit] ?? 0) > timerMsMax)
    headers['grpc-timeout'] = `${Math.floor(timerMsMax / 1000)}S`;
}

/** Whoever connects and does not begin to speak HTTP/2 is not a client. */
function cutWhenSilent(session: ServerHttp2Session, prefaceMs: number): void {
  const timer = setTimeout(() => session.destroy(), prefaceMs).unref();
  session.once('remoteSettings', () => clearTimeout(timer));
  session.once('close', () => clearTimeout(timer));
}
