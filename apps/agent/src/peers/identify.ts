import { ApiChannel, ApiError, type ChannelCredentials, membershipV1, type peerV1 } from '@commitlog/api';

/** Asks who is somewhere. */
export interface IdentifyInit {
  /** `host:port` */
  readonly target: string;
  readonly self: peerV1.Handshake;
  readonly timeoutMs: number;
}

/**
 * Asks the node at an address who it is. What it answers is as good as the credentials: they say whose certificate it must have.
 *
 * @throws ApiError when nobody answers in time, or whoever does is no node, or does not speak with this one
 */
export async function identify(
  { target, self, timeoutMs }: IdentifyInit,
  { credentials }: { readonly credentials: ChannelCredentials },
): Promise<peerV1.Handshake> {
  const channel = new ApiChannel({ target }, { credentials });
  try {
    const client = channel.client(membershipV1.MembershipServiceDefinition);
    const { handshake } = await client.identify({ handshake: self }, { timeoutMs });
    if (handshake !== undefined && handshake.nodeId !== '') return handshake;
    throw new ApiError('INVALID_REQUEST', `${target} has answered, and not said who it is`);
  } finally {
    channel.close();
  }
}
