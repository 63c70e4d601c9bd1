import {
  ApiChannel,
  ApiError,
  anonymous,
  type ChannelCredentials,
  checkHandshake,
  type Handler,
  membershipV1,
  type peerV1,
} from '@commitlog/api';
import type { ExchangeListener, Exchanges } from '@commitlog/membership';
import type { Address } from '@commitlog/runtime';

type GossipHandler = Handler<(typeof membershipV1.MembershipServiceDefinition)['methods']['gossip']>;

export interface GossipExchangesComponents {
  /** What this node says of itself, asked for each time: it may join a cluster meanwhile. */
  readonly self: () => peerV1.Handshake;
  /** What to dial peers with: mutual TLS, but on loopback. */
  readonly credentials: ChannelCredentials;
  /** Under which `host:port` the node at an address wants to be dialled, if it has said so: its certificate may name hosts only. */
  readonly targetOf?: (address: Address) => string | undefined;
}

/** Questions and answers of gossip over the nodes' own service: its streams are authenticated, and stay within the cluster. */
export class GossipExchanges implements Exchanges {
  readonly #components: GossipExchangesComponents;
  #answer: ((question: Uint8Array) => Uint8Array | undefined) | undefined;

  constructor(components: GossipExchangesComponents) {
    this.#components = components;
  }

  /** What to serve as `Gossip`. Each frame is a question, and the next one back its answer. */
  readonly gossip: GossipHandler = async (requests, { principal }, responses) => {
    let isKnown = false;
    for await (const { content } of requests) {
      if (!isKnown) {
        const self = this.#components.self();
        const theirs = content?.$case === 'handshake' ? content.value : undefined;
        checkHandshake(theirs, { self, principal });
        isKnown = true;
        await responses.write({ content: { $case: 'handshake', value: { ...self, toNodeId: theirs!.nodeId } } });
        continue;
      }
      if (content?.$case !== 'frame') throw malformed('a frame behind the handshake');
      const answer = this.#answer?.(content.value);
      if (answer === undefined) throw new ApiError('UNAVAILABLE', 'there is no answer to that here');
      await responses.write({ content: { $case: 'frame', value: answer } });
    }
  };

  /** @param local where the service is served already */
  async listen(local: Address, answer: (question: Uint8Array) => Uint8Array | undefined): Promise<ExchangeListener> {
    this.#answer = answer;
    const close = (): Promise<void> => {
      this.#answer = undefined;
      return Promise.resolve();
    };
    return { local, close };
  }

  async ask(to: Address, question: Uint8Array, { timeoutMs }: { readonly timeoutMs: number }): Promise<Uint8Array> {
    const { credentials, self, targetOf } = this.#components;
    const target = targetOf?.(to) ?? `${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`;
    // Rare, and to members in turn: a connection for each is simpler than keeping them.
    const channel = new ApiChannel({ target }, { credentials });
    try {
      const stream = channel
        .client(membershipV1.MembershipServiceDefinition)
        .gossip({ timeoutMs: Math.ceil(timeoutMs) });
      void stream.write({ content: { $case: 'handshake', value: self() } });
      for await (const { content } of stream) {
        if (content?.$case === 'frame') return content.value;
        const theirs = content?.$case === 'handshake' ? content.value : undefined;
        // Any node of the cluster will do: TLS has seen to it that it is one.
        checkHandshake(theirs, { self: self(), principal: anonymous });
        void stream.write({ content: { $case: 'frame', value: question } });
      }
      throw new ApiError('UNAVAILABLE', 'the peer has ended the stream without an answer');
    } finally {
      channel.close();
    }
  }
}

function malformed(expected: string): ApiError {
  return new ApiError('INVALID_REQUEST', `expected ${expected}`, { metadata: { field: 'content' } });
}
