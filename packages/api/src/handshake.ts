import { ApiError } from './errors.js';
import type { Handshake } from './generated/commitlog/peer/v1/handshake.js';

/** The versions of the protocol between nodes that this package speaks, both included. */
export const peerProtocol: { readonly min: number; readonly max: number } = { min: 1, max: 1 };

/** What this node is, and whom its certificate says that it speaks with. */
export interface HandshakeSides {
  /** What this node says of itself. An empty cluster id: it belongs to none yet. */
  readonly self: Handshake;
  /** The node id of the certificate at the other end. `undefined`: there are no certificates, as on a loopback without TLS. */
  readonly certifiedNodeId: string | undefined;
  /** Whether the other may belong to no cluster yet. Default false. */
  readonly mayBeNew?: boolean;
}

/**
 * Checks what a peer says of itself before anything else it says counts.
 *
 * @returns the version of the protocol to speak: the highest that both know
 * @throws ApiError `INVALID_REQUEST` without a handshake; `PERMISSION_DENIED` when the certificate is another node's; `WRONG_CLUSTER`; `WRONG_NODE`
 * when it meant somebody else; `PROTOCOL_MISMATCH`
 */
export function checkHandshake(theirs: Handshake | undefined, sides: HandshakeSides): number {
  const { self, certifiedNodeId, mayBeNew = false } = sides;
  if (theirs === undefined || theirs.nodeId === '' || theirs.storageId === '') {
    throw new ApiError('INVALID_REQUEST', 'the first message must be a handshake with a node id and a storage id', {
      metadata: { field: 'handshake' },
    });
  }
  if (certifiedNodeId !== undefined && theirs.nodeId !== certifiedNodeId) {
    const text = `the certificate is that of node "${certifiedNodeId}", which speaks as "${theirs.nodeId}"`;
    throw new ApiError('PERMISSION_DENIED', text);
  }
  const isNew = theirs.clusterId === '' || self.clusterId === '';
  if (isNew ? !mayBeNew : theirs.clusterId !== self.clusterId) {
    const text = `node "${self.nodeId}" belongs to cluster "${self.clusterId}", node "${theirs.nodeId}" to "${theirs.clusterId}"`;
    throw new ApiError('WRONG_CLUSTER', text);
  }
  const isMeant = theirs.toNodeId === '' || theirs.toNodeId === self.nodeId;
  const isMeantStorage = theirs.toStorageId === '' || theirs.toStorageId === self.storageId;
  if (!isMeant || !isMeantStorage) {
    const meant = `"${theirs.toNodeId}@${theirs.toStorageId}"`;
    throw new ApiError('WRONG_NODE', `${meant} was meant, and here is "${self.nodeId}@${self.storageId}"`);
  }
  const version = Math.min(theirs.protocolMax, self.protocolMax);
  if (version < Math.max(theirs.protocolMin, self.protocolMin)) {
    const [here, there] = [self, theirs].map(({ protocolMin, protocolMax }) => `${protocolMin} to ${protocolMax}`);
    throw new ApiError('PROTOCOL_MISMATCH', `this node speaks versions ${here} of the protocol, the other ${there}`);
  }
  return version;
}
