import { peerProtocol, type peerV1 } from '@commitlog/api';

/** Who a node is, as it tells its peers. */
export interface PeerIdentity {
  /** Empty before it belongs to one. */
  readonly clusterId: string;
  readonly nodeId: string;
  readonly storageId: string;
}

/** What a node says of itself first. */
export function handshakeOf({ clusterId, nodeId, storageId }: PeerIdentity): peerV1.Handshake {
  const { min, max } = peerProtocol;
  return { protocolMin: min, protocolMax: max, clusterId, nodeId, storageId, toNodeId: '', toStorageId: '' };
}
