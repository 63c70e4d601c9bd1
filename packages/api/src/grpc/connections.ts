import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Limits } from './limits.js';

/** How long a connection may take to close by itself when its peer has taken leave. In milliseconds. */
const goodbyeMs = 1000;

/**
 * The open connections of a server, from the first packet on, so also those that TLS has not come through with yet. grpc-js keeps
 * such a list for channelz alone.
 */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #limits: Pick<Limits, 'connectionsMax' | 'nodeConnectionsMax'>;
  readonly #isNode: ((certificate: PeerCertificate) => boolean) | undefined;
  /** Those that TLS has come through with, by whose they are. */
  readonly #ofNodes = new Set<Socket>();
  readonly #ofClients = new Set<Socket>();
  #isDraining = false;

  /** @param isNode tells whose connection it is, once TLS has come through; without it all are of clients */
  constructor(
    limits: Pick<Limits, 'connectionsMax' | 'nodeConnectionsMax'>,
    isNode?: (certificate: PeerCertificate) => boolean,
  ) {
    this.#limits = limits;
    this.#isNode = isNode;
  }

  /** Follows what the server accepts. */
  watch(server: Http2Server): void {
    const { connectionsMax, nodeConnectionsMax } = this.#limits;
    server.maxConnections = this.#isNode === undefined ? connectionsMax : connectionsMax + nodeConnectionsMax;
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
    server.on('secureConnection', (socket: TLSSocket) => {
      if (made !== undefined) cutAfterGoodbye(made, socket);
      made = undefined;
      this.#takeRoom(socket);
    });
  }

  /**
   * Clients have their room and nodes have theirs: however many clients TLS has come through with, a cluster finds together. Whose a connection is that it has not
   * come through with yet, nobody knows: those take from both rooms together.
   */
  #takeRoom(socket: TLSSocket): void {
    if (this.#isNode === undefined || socket.destroyed) return;
    const { connectionsMax, nodeConnectionsMax } = this.#limits;
    const isNode = this.#isNode(socket.getPeerCertificate());
    const [room, max] = isNode ? [this.#ofNodes, nodeConnectionsMax] : [this.#ofClients, connectionsMax];
    if (room.size >= max) socket.destroy();
    else keepWhileOpen(room, socket);
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
