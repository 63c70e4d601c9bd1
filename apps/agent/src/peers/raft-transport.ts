import {
  ApiError,
  type CallContext,
  type ChannelCredentials,
  checkHandshake,
  type Handlers,
  type Outgoing,
  type peerV1,
  type raftV1,
} from '@commitlog/api';
import type { Envelope, Lane, RaftTransport } from '@commitlog/raft';
import type { Clock } from '@commitlog/runtime';
import { decodePacket } from './raft-codec.js';
import { RaftLink } from './raft-link.js';

export interface GrpcTransportInit {
  /** What this node says of itself to its peers. */
  readonly self: peerV1.Handshake;
}

export interface GrpcTransportComponents {
  /** Where a node is, as `host:port`; `undefined` while nobody knows. Asked for every packet: it may change. */
  readonly addressOf: (node: string) => string | undefined;
  /** What to dial peers with: mutual TLS, but on loopback. */
  readonly credentials: ChannelCredentials;
  readonly clock: Clock;
  /** Told when a stream to a peer cannot be opened, or breaks: Raft goes on without. */
  readonly onBroken: (node: string, lane: Lane, error: unknown) => void;
}

type Requests = AsyncIterable<raftV1.ControlRequest>;
type Responses = Outgoing<raftV1.ControlResponse>;

/**
 * Raft's packets over gRPC. To each peer there are two connections, one for each lane, which this node dials; what the peer has to say comes
 * over the two that the peer dials. `handlers` is the service to be served for it.
 */
export class GrpcTransport implements RaftTransport {
  readonly #self: peerV1.Handshake;
  readonly #components: GrpcTransportComponents;
  readonly #links = new Map<string, RaftLink>();
  #receive: ((packet: readonly Envelope[]) => void) | null = null;
  #isClosed = false;

  constructor({ self }: GrpcTransportInit, components: GrpcTransportComponents) {
    this.#self = self;
    this.#components = components;
  }

  /** What to serve where peers dial. */
  readonly handlers: Handlers<typeof raftV1.RaftServiceDefinition> = {
    control: (requests, context, responses) => this.#serve(requests, context, responses),
    bulk: (requests, context, responses) => this.#serve(requests, context, responses),
  };

  send(node: string, lane: Lane, packet: readonly Envelope[]): void {
    if (this.#isClosed) return;
    const address = this.#components.addressOf(node);
    if (address !== undefined) this.#linkTo(node, lane, address).send(packet);
  }

  /**
   * Sees to it that there are connections to a node, so that what is sent next waits for no handshake of TLS: followers have nothing to say
   * to each other until their leader is gone, and then each moment counts.
   */
  connect(node: string): void {
    const address = this.#isClosed ? undefined : this.#components.addressOf(node);
    if (address === undefined) return;
    for (const lane of ['control', 'bulk'] as const) this.#linkTo(node, lane, address).connect();
  }

  listen(receive: ((packet: readonly Envelope[]) => void) | null): void {
    this.#receive = receive;
  }

  /** Hangs up on everybody. */
  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #linkTo(node: string, lane: Lane, address: string): RaftLink {
    const name = `${lane} ${node}`;
    const known = this.#links.get(name);
    if (known?.address === address) return known;
    known?.close();
    const { credentials, clock, onBroken } = this.#components;
    const init = { node, lane, address, self: this.#self };
    const link = new RaftLink(init, { credentials, clock, onBroken: (error) => onBroken(node, lane, error) });
    this.#links.set(name, link);
    return link;
  }

  async #serve(requests: Requests, { principal }: CallContext, responses: Responses): Promise<void> {
    let sender: string | undefined;
    for await (const { content } of requests) {
      if (sender === undefined) {
        const handshake = content?.$case === 'handshake' ? content.value : undefined;
        checkHandshake(handshake, { self: this.#self, principal });
        sender = handshake!.nodeId;
        await responses.write({ handshake: { ...this.#self, toNodeId: sender } });
      } else if (content?.$case === 'packet') {
        this.#receive?.(decodePacket(content.value, sender));
      } else {
        throw new ApiError('INVALID_REQUEST', 'behind the handshake there are packets only', {
          metadata: { field: 'content' },
        });
      }
    }
  }
}
