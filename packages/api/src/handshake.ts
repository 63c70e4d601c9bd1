import { ApiError } from './errors.js';
import type { Handshake } from './generated/commitlog/peer/v1/handshake.js';
import { anonymous, type Principal } from './grpc/security.js';

/** The versions of the protocol between nodes that this package speaks, both included. */
export const peerProtocol: { readonly min: number; readonly max: number } = { min: 1, max: 1 };

/** What this node is, and whom its certificate says that it speaks with. */
export interface HandshakeSides {
  /** What this node says of itself. An empty cluster id: it belongs to none yet. */
  readonly self: Handshake;
  /** Whom the certificate at the other end proves: `context.principal`. `anonymous`, where there are no certificates, may be any node. */
  readonly principal: Principal;
  /** Whether the other may belong to no cluster yet. Default false. */
  readonly mayBeNew?: boolean;
}

/**
 * Checks what a peer says of itself before anything else it says counts.
 *
 * @returns the version of the protocol to speak: the highest that both know
 * @throws ApiError `INVALID_REQUEST` without a handshake; `PERMISSION_DENIED` when the certificate is another's; `WRONG_CLUSTER`; `WRONG_NODE`
 * when it meant somebody else; `PROTOCOL_MISMATCH`
 */
export function checkHandshake(theirs: Handshake | undefined, sides: HandshakeSides): number {
  const { self, principal, mayBeNew = false } = sides;
  if (theirs === undefined || theirs.nodeId === '' || theirs.storageId === '') {
    throw new ApiError('INVALID_REQUEST', 'the first message must be a handshake with a node id and a storage id', {
      metadata: { field: 'handshake' },
    });
  }
  if (principal !== anonymous && !isNode(principal, theirs.nodeId)) {
    const whose = principal.kind === 'node' ? `node "${principal.nodeId}"` : `client "${principal.subject}"`;
    throw new ApiError(
      'PERMISSION_DENIED',
      `the certificate is that of ${whose}, which speaks as node "${theirs.nodeId}"`,
    );
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

function isNode(principal: Principal, nodeId: string): boolean {
  return principal.kind === 'node' && principal.nodeId === nodeId;
}
