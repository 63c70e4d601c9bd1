import { checkHandshake, type Handlers, type membershipV1, type peerV1 } from '@commitlog/api';
import { changeOf, type GossipKeys } from '../cluster/gossip-keys.js';

type Definition = typeof membershipV1.MembershipServiceDefinition;

export interface MembershipServiceComponents {
  /** What this node says of itself. */
  readonly self: peerV1.Handshake;
  readonly gossip: Handlers<Definition>['gossip'];
  readonly gossipKeys: Pick<GossipKeys, 'here'>;
  /** Takes a node out, for good: see `Removals.remove`. */
  readonly remove: (node: string, signal: AbortSignal) => Promise<void>;
}

/** What nodes ask each other, but for the log. */
export function membershipService({
  self,
  gossip,
  gossipKeys,
  remove,
}: MembershipServiceComponents): Handlers<Definition> {
  return {
    identify: ({ handshake }, { principal }) => {
      // Whoever wants to join belongs to no cluster yet.
      checkHandshake(handshake, { self, principal, mayBeNew: true });
      return { handshake: { ...self, toNodeId: handshake!.nodeId } };
    },
    gossip,
    keyring: async (request, { principal }) => {
      checkHandshake(request.handshake, { self, principal });
      const { ids, sealing } = await gossipKeys.here(changeOf(request));
      return { keyIds: [...ids], sealingKeyId: sealing };
    },
    leave: async ({ handshake }, { principal, signal }) => {
      checkHandshake(handshake, { self, principal });
      await remove(handshake!.nodeId, signal);
      return {};
    },
  };
}
