/** A socket's end: an IPv4 or IPv6 address, or a name that resolves to one, and a port from 0 (any free one) to 65535. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Packets that may be lost, doubled and reordered (UDP). */
export interface Datagrams {
  /**
   * @param receive called for every packet that arrives, until `close`; the packet is the callee's to keep. One that gives 0 as the port it
   * comes from, so that it cannot be answered, does not arrive
   */
  bind(local: Address, receive: (packet: Uint8Array, from: Address) => void): Promise<DatagramSocket>;
}

export interface DatagramSocket {
  /** Where it is bound; the port is the real one even where 0 was asked for. */
  readonly local: Address;

  /**
   * Sends once, and says nothing of what became of it: never throws, and a packet to an address that is none (port 0, or above 65,535)
   * is lost. The packet must not change until the next turn of the event loop.
   */
  send(packet: Uint8Array, to: Address): void;

  close(): Promise<void>;
}

/** Connections that deliver bytes in order, or break (TCP). */
export interface Streams {
  /** @param accept called for every connection that comes in; the callee closes it */
  listen(local: Address, accept: (stream: ByteStream) => void): Promise<StreamListener>;

  /** @throws when there is no connection after `timeoutMs` (code `ETIMEDOUT`), or the other end refuses */
  connect(remote: Address, options: { readonly timeoutMs: number }): Promise<ByteStream>;
}

export interface StreamListener {
  /** Where it listens; the port is the real one even where 0 was asked for. */
  readonly local: Address;

  /** Accepts no more. Connections already accepted go on. */
  close(): Promise<void>;
}

export interface ByteStream {
  readonly remote: Address;

  /** What the other end sends. Ends when it has ended its side, throws when the connection breaks. To be iterated once. */
  readonly incoming: AsyncIterable<Uint8Array>;

  /**
   * Resolves when there is room for more: waiting for it before the next write is what bounds memory. The bytes must not change until then.
   *
   * @throws when the connection is broken or closed
   */
  write(bytes: Uint8Array): Promise<void>;

  /** Says that no more will be written; the other end may still send. */
  end(): Promise<void>;

  /** Drops the connection at once, in both directions. Doing it twice does nothing. */
  destroy(): void;
}
