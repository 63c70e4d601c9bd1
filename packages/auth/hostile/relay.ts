import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * Passes a connection on, but holds back whatever its client says after the first word until it is told to let go: the end of a
 * handshake and the first requests then reach the server in one piece, and it reads them as one.
 */
export class Relay {
  readonly port: number;
  readonly #close: () => void;
  #held: Buffer[] = [];
  #receivedBytes = 0;
  #letGo: (() => void) | undefined;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  /** For one connection to this port. */
  static async to(port: number): Promise<Relay> {
    const sockets: Socket[] = [];
    const server = createServer((client) => {
      const target = connect(port, '127.0.0.1');
      sockets.push(client, target);
      relay.#pass(client, target);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const relay = new Relay((server.address() as AddressInfo).port, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return relay;
  }

  /** Waits until so much has come in all, and lets go. */
  async release(bytes: number): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (this.#receivedBytes < bytes) {
      if (Date.now() > deadline) throw new Error(`only ${this.#receivedBytes} of ${bytes} bytes came within 10 s`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#letGo?.();
  }

  close(): void {
    this.#close();
  }

  #pass(client: Socket, target: Socket): void {
    let isFirst = true;
    client.on('data', (piece: Buffer) => {
      this.#receivedBytes += piece.length;
      if (isFirst) {
        isFirst = false;
        target.write(piece);
      } else this.#held.push(piece);
    });
    this.#letGo = () => {
      target.write(Buffer.concat(this.#held));
      this.#held = [];
    };
    target.pipe(client);
    for (const socket of [client, target]) socket.on('error', () => {});
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
  }
}
