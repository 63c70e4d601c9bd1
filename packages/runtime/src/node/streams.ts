import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import type { Address, ByteStream, Streams } from '../network.js';

/** TCP. */
export const nodeStreams: Streams = {
  async listen(local, accept) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      accept(new NodeStream(socket, { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }));
    });
    server.listen(local.port, local.host);
    await once(server, 'listening');
    // From here on an error concerns one connection that could not be accepted (no descriptor left): others go on.
    server.on('error', () => {});
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error(`expected a TCP address, got ${bound}`);
    return {
      local: { host: bound.address, port: bound.port },
      // Its callback would wait for the connections to end, and those are not ours to wait for.
      close: async () => void server.close(),
    };
  },

  async connect(remote, { timeoutMs }) {
    // The signal takes whole numbers of 32 bits only.
    const waitMs = Math.min(Math.ceil(timeoutMs), 2 ** 31 - 1);
    const socket = createConnection({ host: remote.host, port: remote.port, allowHalfOpen: true, noDelay: true });
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(waitMs) });
    } catch (error) {
      socket.on('error', () => {}).destroy();
      if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
      const late = new Error(`no connection to ${remote.host}:${remote.port} within ${timeoutMs} ms`, { cause: error });
      throw Object.assign(late, { code: 'ETIMEDOUT' });
    }
    return new NodeStream(socket, remote);
  },
};

class NodeStream implements ByteStream {
  readonly remote: Address;
  readonly #socket: Socket;

  constructor(socket: Socket, remote: Address) {
    this.#socket = socket;
    this.remote = remote;
    // An error reaches whoever reads or writes; without a listener it would end the process.
    socket.on('error', () => {});
  }

  get incoming(): AsyncIterable<Uint8Array> {
    // Left to itself the iterator destroys the socket when the other end has ended its side, and we could not answer any more.
    return this.#socket.iterator({ destroyOnReturn: false });
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#socket.writable) throw this.#brokenError();
    // The socket's own sign that there is room comes while it still holds the bytes; its callback, when the kernel has them.
    await new Promise<void>((done) => this.#socket.write(bytes, () => done()));
    // Node reports no error to a write that its own side's `destroy` has cut off.
    if (this.#socket.destroyed) throw this.#brokenError();
  }

  async end(): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    await new Promise<void>((done) => this.#socket.end(done));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #brokenError(): Error {
    const cause = this.#socket.errored;
    const why = cause === null ? 'it is closed' : cause.message;
    const error = new Error(`the connection to ${this.remote.host}:${this.remote.port} takes no more bytes: ${why}`, {
      cause,
    });
    return Object.assign(error, { code: 'EPIPE' });
  }
}
