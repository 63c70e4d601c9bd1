import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** How long a connection may take to close by itself when its peer has taken leave. In milliseconds. */
const goodbyeMs = 1000;

/**
 * The open connections of a server, from the first packet on, so also those that TLS has not come through with yet. grpc-js keeps
 * such a list for channelz alone.
 */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #isDraining = false;

  /** Follows what the server accepts. */
  watch(server: Http2Server): void {
    // Node's own listener for secure connections comes first, and makes the session.
    let made: ServerHttp2Session | undefined;
    server.on('connection', (socket: Socket) => {
      if (this.#isDraining) socket.destroy();
      else keepWhileOpen(this.#sockets, socket);
    });
    server.on('session', (session: ServerHttp2Session) => {
      if (this.#isDraining) session.close();
      else keepWhileOpen(this.#sessions, session);
      made = session;
    });
    server.on('secureConnection', (socket: Socket) => {
      if (made !== undefined) cutAfterGoodbye(made, socket);
      made = undefined;
    });
  }

  /** Takes no more, and closes each when its calls are over. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#sessions) session.close();
  }

  /** Cuts what is left. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function keepWhileOpen<T extends { once(event: 'close', listener: () => void): unknown }>(all: Set<T>, one: T): void {
  all.add(one);
  one.once('close', () => all.delete(one));
}

/**
 * A peer that takes its leave and goes at once can leave Node (20.20, with client certificates) with a session that is closing and
 * never closed, not even by `destroy`, and with its file descriptor. So once a peer has said goodbye and its last stream is over, its
 * socket is cut.
 */
function cutAfterGoodbye(session: ServerHttp2Session, socket: Socket): void {
  let streams = 0;
  let hasLeft = false;
  const cutWhenDone = (): void => {
    if (!hasLeft || streams > 0) return;
    setTimeout(() => {
      if (streams === 0) socket.destroy();
    }, goodbyeMs).unref();
  };
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
      cutWhenDone();
    });
  });
  session.once('goaway', () => {
    hasLeft = true;
    cutWhenDone();
  });
}
