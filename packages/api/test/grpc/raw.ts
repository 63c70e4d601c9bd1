import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { closeAfterTest } from '../rig.js';

/** An HTTP/2 connection without any gRPC library: for what such a library would never send. */
export function rawSession(target: string): ClientHttp2Session {
  const session = connect(`http://${target}`);
  session.on('error', () => {});
  closeAfterTest(() => session.destroy());
  return session;
}

export interface RawAnswer {
  readonly status: number | undefined;
  readonly message: string;
  readonly headers: IncomingHttpHeaders;
  readonly rstCode: number | undefined;
}

/** One message as gRPC frames it. */
export function framed(message: Uint8Array, isCompressed = false, claimedLength: number = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isCompressed ? 1 : 0);
  prefix.writeUInt32BE(claimedLength, 1);
  return Buffer.concat([prefix, message]);
}

/** Makes a call, byte by byte as it is given, and tells how it ended. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const all: IncomingHttpHeaders = {};
    const request = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...headers,
    });
    request.on('response', (received) => Object.assign(all, received));
    request.on('trailers', (received) => Object.assign(all, received));
    request.on('error', () => {});
    request.on('data', () => {});
    request.on('close', () => {
      const status = all['grpc-status'];
      const message = decodeURIComponent(`${all['grpc-message'] ?? ''}`);
      resolve({
        status: status === undefined ? undefined : Number(status),
        message,
        headers: all,
        rstCode: request.rstCode,
      });
    });
    request.end(body);
  });
}
