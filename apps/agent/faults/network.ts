import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Bytes from one node to another, over one connection. */
interface Flow {
  readonly from: string;
  readonly to: string;
  readonly source: Duplex;
  readonly sink: Duplex;
}

/**
 * The network between nodes, of which each direction between two can be cut. Each node has a proxy of its own, which it is told of by the
 * variable `grpc_proxy`, and dials everybody through it (HTTP's CONNECT): so it is known of every byte who sends it to whom.
 *
 * What is cut off is held back, and arrives when all is well again, as TCP would have it. Gossip's packets are UDP, and go past it.
 */
export class Network {
  readonly #proxies = new Map<string, Server>();
  readonly #flows = new Set<Flow>();
  readonly #cuts = new Set<string>();
  /** Connections that wait for a cut to heal. */
  readonly #dialling = new Set<() => void>();
  readonly #nameOf: (port: number) => string;
  #connections = 0;

  /** @param nameOf the node that listens on a port */
  constructor(nameOf: (port: number) => string) {
    this.#nameOf = nameOf;
  }

  /** How many connections were made so far: none where nobody takes the way through here. */
  get connections(): number {
    return this.#connections;
  }

  /** What a node's process must have in its environment. */
  async environmentOf(name: string): Promise<Record<string, string>> {
    const proxy = createServer().on('connect', (request, socket, head) => this.#connect(name, request, socket, head));
    this.#proxies.set(name, proxy.listen(0, '127.0.0.1'));
    await once(proxy, 'listening');
    const { port } = proxy.address() as { port: number };
    return { grpc_proxy: `http://127.0.0.1:${port}`, no_grpc_proxy: 'nobody.invalid' };
  }

  /** From now on `to` hears nothing of what `from` says. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from} ${to}`);
    for (const flow of this.#flows) if (this.#isCut(flow)) flow.source.pause();
  }

  heal(): void {
    this.#cuts.clear();
    for (const { source } of this.#flows) source.resume();
    for (const dial of [...this.#dialling]) dial();
  }

  async close(): Promise<void> {
    for (const { source } of this.#flows) source.destroy();
    const proxies = [...this.#proxies.values()];
    this.#proxies.clear();
    for (const proxy of proxies) proxy.closeAllConnections();
    await Promise.all(proxies.map((proxy) => new Promise((closed) => proxy.close(closed))));
  }

  #isCut({ from, to }: Pick<Flow, 'from' | 'to'>): boolean {
    return this.#cuts.has(`${from} ${to}`);
  }

  #connect(from: string, { url }: IncomingMessage, client: Duplex, head: Buffer): void {
    const port = Number(url!.slice(url!.lastIndexOf(':') + 1));
    const to = this.#nameOf(port);
    client.on('error', () => {});
    const dial = (): void => {
      // Either way, no handshake of TCP comes to an end.
      if (this.#isCut({ from, to }) || this.#isCut({ from: to, to: from })) return;
      this.#dialling.delete(dial);
      this.#join(from, to, client, connect(port, '127.0.0.1'), head);
    };
    this.#dialling.add(dial);
    client.once('close', () => this.#dialling.delete(dial));
    dial();
  }

  #join(from: string, to: string, client: Duplex, server: Socket, head: Buffer): void {
    server.on('error', () => client.destroy());
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    server.once('connect', () => {
      this.#connections += 1;
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      server.write(head);
      this.#carry({ from, to, source: client, sink: server });
      this.#carry({ from: to, to: from, source: server, sink: client });
    });
  }

  #carry(flow: Flow): void {
    const { source, sink } = flow;
    this.#flows.add(flow);
    source.once('close', () => this.#flows.delete(flow));
    source.on('data', (bytes: Buffer) => {
      if (!sink.write(bytes)) source.pause();
    });
    source.once('end', () => sink.end());
    sink.on('drain', () => {
      if (!this.#isCut(flow)) source.resume();
    });
    if (this.#isCut(flow)) source.pause();
  }
}
