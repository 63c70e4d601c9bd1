import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** How a connection ended, as seen from this side. */
export interface Ending {
  readonly afterMs: number;
  /** The error's code, or `closed`. */
  readonly how: string;
  /** What the server said before. */
  readonly said: Buffer;
}

/** Waits until the other end closes the connection, and fails when it has not in 10 s. */
export function endingOf(socket: Socket): Promise<Ending> {
  const began = performance.now();
  const said: Buffer[] = [];
  let how = 'closed';
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error('the connection was still open after 10 s'));
    }, 10_000);
    socket.on('data', (piece: Buffer) => said.push(piece));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      how = error.code ?? error.message;
    });
    socket.on('close', () => {
      clearTimeout(late);
      resolve({ afterMs: performance.now() - began, how, said: Buffer.concat(said) });
    });
  });
}

/** Opens a connection, does something with it, and waits until the server ends it. */
export function tcp(port: number, act: (socket: Socket) => void): Promise<Ending> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('connect', () => act(socket));
  return endingOf(socket);
}

/**
 * Shakes hands and waits for what comes of it. A client of TLS 1.3 is done before the server has judged its certificate; but an
 * HTTP/2 server speaks first, so that a word from it means that it has accepted.
 *
 * @returns `accepted`, or how it was refused
 */
export function shakeHands(options: ConnectionOptions): Promise<string> {
  const socket = connectTls(options);
  return new Promise((resolve, reject) => {
    socket.on('data', () => {
      resolve('accepted');
      socket.destroy();
    });
    endingOf(socket).then(({ how }) => resolve(how), reject);
  });
}

/** Does something with a connection whose handshake has succeeded, and waits until the server ends it. */
export function afterHandshake(options: ConnectionOptions, act: (socket: Socket) => void): Promise<Ending> {
  const socket = connectTls(options);
  socket.on('secureConnect', () => act(socket));
  return endingOf(socket);
}
