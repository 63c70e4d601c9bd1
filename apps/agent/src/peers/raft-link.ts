import { ApiChannel, type ChannelCredentials, checkHandshake, type Duplex, type peerV1, raftV1 } from '@commitlog/api';
import { type Envelope, isSnapshotPart, type Lane } from '@commitlog/raft';
import type { Clock } from '@commitlog/runtime';
import { encodePacket } from './raft-codec.js';

/** After a connection was lost or refused, the next is tried no sooner than this. In milliseconds. */
const redialAfterMs = 100;

/** How much may wait for a peer, in bytes; what comes on top is dropped, and Raft sends it again when it sees the need. */
const unsentBytesMax: { readonly [L in Lane]: number } = { control: 2 ** 20, bulk: 16 * 2 ** 20 };

/** Connections of two lanes must not become one: grpc-js shares those to one address unless it is told not to. */
const ownConnection = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': redialAfterMs,
  'grpc.max_reconnect_backoff_ms': 1000,
};

type Requests = Duplex<raftV1.ControlRequest, raftV1.ControlResponse>;

/** Where a link leads, and over what. */
export interface LinkInit {
  /** The node at the other end. */
  readonly node: string;
  readonly lane: Lane;
  /** `host:port`. */
  readonly address: string;
  /** What this node says of itself at the start of a stream. */
  readonly self: peerV1.Handshake;
}

export interface LinkComponents {
  readonly credentials: ChannelCredentials;
  readonly clock: Clock;
  /** Told why a stream could not be opened, or broke. */
  readonly onBroken: (error: unknown) => void;
}

/** One lane to one peer: a connection of its own, dialled when somebody says so or there is something to send, and again when it was lost. */
export class RaftLink {
  readonly address: string;
  readonly #init: LinkInit;
  readonly #components: LinkComponents;
  readonly #channel: ApiChannel;
  /** Those that wait for the peer's handshake. */
  #waiting: (readonly Envelope[])[] = [];
  #waitingBytes = 0;
  #stream: Requests | undefined;
  #isReady = false;
  #redialAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(init: LinkInit, components: LinkComponents) {
    this.address = init.address;
    this.#init = init;
    this.#components = components;
    this.#channel = new ApiChannel({ target: init.address, options: ownConnection }, components);
  }

  /** Sends a packet, or drops it: while there is no connection, and while too much waits already. */
  send(packet: readonly Envelope[]): void {
    if (this.#isClosed) return;
    if (this.#stream === undefined && !this.#dial()) return;
    const unsentBytes = this.#waitingBytes + this.#stream!.unsentBytes;
    const bytes = bytesOf(packet);
    // One packet may always go, however long it is.
    if (unsentBytes > 0 && unsentBytes + bytes > unsentBytesMax[this.#init.lane]) return;
    if (this.#isReady) this.#write(this.#stream!, packet);
    else {
      this.#waiting.push(packet);
      this.#waitingBytes += bytes;
    }
  }

  /** Dials now, unless there is a connection, or one was refused a moment ago. */
  connect(): void {
    if (!this.#isClosed && this.#stream === undefined) this.#dial();
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.cancel();
    this.#channel.close();
  }

  #dial(): boolean {
    if (this.#components.clock.monotonicMs() < this.#redialAt) return false;
    const client = this.#channel.client(raftV1.RaftServiceDefinition);
    const stream: Requests = this.#init.lane === 'control' ? client.control() : client.bulk();
    this.#stream = stream;
    void this.#run(stream);
    return true;
  }

  /** Greets, lets go what waits once the peer has answered, and stays until the stream is over. */
  async #run(stream: Requests): Promise<void> {
    const { self, node } = this.#init;
    try {
      void stream.write({ content: { $case: 'handshake', value: { ...self, toNodeId: node } } });
      for await (const { handshake } of stream) {
        // Whoever answers says that it is the node that was dialled, or is not spoken to.
        checkHandshake(handshake, { self, principal: { kind: 'node', cluster: '', nodeId: node } });
        this.#isReady = true;
        const waiting = this.#waiting;
        [this.#waiting, this.#waitingBytes] = [[], 0];
        for (const packet of waiting) this.#write(stream, packet);
      }
    } catch (error) {
      if (!this.#isClosed) this.#components.onBroken(error);
    } finally {
      [this.#stream, this.#isReady, this.#waiting, this.#waitingBytes] = [undefined, false, [], 0];
      this.#redialAt = this.#components.clock.monotonicMs() + redialAfterMs;
    }
  }

  #write(stream: Requests, packet: readonly Envelope[]): void {
    stream.write({ content: { $case: 'packet', value: encodePacket(packet) } }).catch(() => {
      // The stream is over, which whoever iterates it is told; what it did not take, Raft sends again.
    });
  }
}

/** About how long a packet is on the wire. */
function bytesOf(packet: readonly Envelope[]): number {
  const headerBytes = 128;
  return packet.reduce((sum, { message }) => {
    if (message.kind === 'append' || message.kind === 'fetched') {
      return message.entries.reduce((bytes, { data }) => bytes + data.length + 32, sum + headerBytes);
    }
    return sum + headerBytes + (isSnapshotPart(message) ? message.data.length : 0);
  }, 0);
}
