import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

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
    server.on('connection', (socket: Socket) => {
      if (this.#isDraining) socket.destroy();
      else keepWhileOpen(this.#sockets, socket);
    });
    server.on('session', (session: ServerHttp2Session) => {
      if (this.#isDraining) session.close();
      else keepWhileOpen(this.#sessions, session);
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
