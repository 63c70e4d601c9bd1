import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Bearer, Ground } from './ground.js';

/** gRPC by hand, for what no library sends. */
export class RawConnection {
  readonly session: ClientHttp2Session;
  readonly #socket: Socket;

  /** @param port of whatever is between it and the server */
  constructor(ground: Ground, bearer: Bearer = ground.alice, port: number = ground.port) {
    this.#socket = connectTcp({ host: '127.0.0.1', port });
    const tls = connectTls({ ...ground.tls(bearer), socket: this.#socket });
    this.session = connect(`https://localhost:${ground.port}`, {
      createConnection: () => tls,
      settings: { enablePush: false },
    });
    this.session.on('error', () => {});
    tls.on('error', () => {});
    this.#socket.on('error', () => {});
  }

  open(path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => {});
    return stream;
  }

  /** @returns how the call ended: gRPC's status code, or how HTTP/2 ended the stream */
  call(path: string, body: Uint8Array, headers: OutgoingHttpHeaders = {}): Promise<RawAnswer> {
    const stream = this.open(path, headers);
    const answer = answerOf(stream);
    stream.end(body);
    return answer;
  }

  /** What it has said so far, encrypted. */
  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  close(): void {
    this.session.destroy();
    // A session that is destroyed while it begins leaves it open.
    this.#socket.destroy();
  }
}

export interface RawAnswer {
  /** Missing where the stream or the connection was cut. */
  readonly status: number | undefined;
  readonly message: string;
  readonly body: Buffer;
}

export function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  const received: Record<string, string | undefined> = {};
  const body: Buffer[] = [];
  stream.on('response', (headers) => Object.assign(received, headers));
  stream.on('trailers', (headers) => Object.assign(received, headers));
  stream.on('data', (piece: Buffer) => body.push(piece));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no answer within 15 s')), 15_000);
    stream.on('close', () => {
      clearTimeout(late);
      const status = received['grpc-status'];
      resolve({
        status: status === undefined ? undefined : Number(status),
        message: decodeURIComponent(received['grpc-message'] ?? ''),
        body: Buffer.concat(body),
      });
    });
  });
}

/** A message as gRPC frames it. */
export function framed(message: Uint8Array, { isCompressed = false, claims = message.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isCompressed ? 1 : 0);
  prefix.writeUInt32BE(claims, 1);
  return Buffer.concat([prefix, message]);
}
