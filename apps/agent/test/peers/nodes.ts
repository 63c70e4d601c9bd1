import { ApiServer, ChannelCredentials, peerProtocol, type peerV1, raftV1, ServerCredentials } from '@commitlog/api';
import { type Envelope, type Lane, memberId, type RaftTransport } from '@commitlog/raft';
import { nodeClock } from '@commitlog/runtime/node';
import { GrpcTransport } from '../../src/index.js';

export function handshakeOf(nodeId: string, clusterId = 'c1'): peerV1.Handshake {
  const { min, max } = peerProtocol;
  const nobody = { toNodeId: '', toStorageId: '' };
  return { protocolMin: min, protocolMax: max, clusterId, nodeId, storageId: `disk of ${nodeId}`, ...nobody };
}

export function heartbeat(from: string, to: string, id: number, group = 'g'): Envelope {
  const header = { id, from: memberId(from, '1'), to: memberId(to, '1'), term: 1 };
  return { group, message: { kind: 'heartbeat', ...header, round: id, commit: 0 } };
}

const markers = 'markers';

/** One node: a server, the transport behind it, and what it has heard of broken streams. */
export class Node implements RaftTransport {
  readonly name: string;
  readonly transport: GrpcTransport;
  readonly broken: { readonly node: string; readonly lane: Lane; readonly error: unknown }[] = [];
  /** What the server could not explain. */
  readonly defects: unknown[] = [];
  readonly #server: ApiServer;
  #listener: ((packet: readonly Envelope[]) => void) | null = null;
  readonly #awaited = new Map<number, () => void>();

  private constructor(name: string, addresses: Map<string, string>, self: peerV1.Handshake) {
    this.name = name;
    this.transport = new GrpcTransport(
      { self },
      {
        addressOf: (node) => addresses.get(node),
        credentials: ChannelCredentials.createInsecure(),
        clock: nodeClock,
        onBroken: (node, lane, error) => this.broken.push({ node, lane, error }),
      },
    );
    this.transport.listen((packet) => {
      if (packet[0]?.group === markers) this.#awaited.get(packet[0].message.id)?.();
      else this.#listener?.(packet);
    });
    this.#server = new ApiServer(
      { address: '127.0.0.1:0' },
      {
        credentials: ServerCredentials.createInsecure(),
        security: 'insecure',
        onDefect: ({ error }) => void this.defects.push(error),
      },
    );
    this.#server.serve(raftV1.RaftServiceDefinition, this.transport.handlers);
  }

  static async start(name: string, addresses: Map<string, string>, self = handshakeOf(name)): Promise<Node> {
    const node = new Node(name, addresses, self);
    await node.#server.start();
    addresses.set(name, node.address);
    return node;
  }

  get address(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  send(node: string, lane: Lane, packet: readonly Envelope[]): void {
    this.transport.send(node, lane, packet);
  }

  listen(listener: ((packet: readonly Envelope[]) => void) | null): void {
    this.#listener = listener;
  }

  /** Resolves when what this node has sent to another so far is there: a lane keeps its order. */
  async flush(to: Node): Promise<void> {
    for (const lane of ['control', 'bulk'] as const) {
      const id = Math.floor(performance.now() * 1000);
      await new Promise<void>((arrived) => {
        to.#awaited.set(id, arrived);
        this.send(to.name, lane, [heartbeat(this.name, to.name, id, markers)]);
      });
    }
  }

  async stop(): Promise<void> {
    this.transport.close();
    await this.#server.stop(0);
  }
}
