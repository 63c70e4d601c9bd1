import { ApiChannel, ApiError, type ChannelCredentials, membershipV1, type peerV1 } from '@commitlog/api';
import type { Wakeup } from './wakeup.js';

export interface LeavingComponents {
  readonly self: peerV1.Handshake;
  /** Where the leader is, as `host:port`, while one is known. */
  readonly leaderAddress: () => string | undefined;
  readonly credentials: ChannelCredentials;
  readonly wakeup: Wakeup;
}

const askAgainMs = 100;

/** Asks the leader to take this node out, whoever leads, until it has done so. @throws ApiError when it refuses; the signal's reason when nobody does in time */
export async function leaveCluster(components: LeavingComponents, signal: AbortSignal): Promise<void> {
  const { self, leaderAddress, credentials, wakeup } = components;
  for (;;) {
    signal.throwIfAborted();
    const target = leaderAddress();
    if (target !== undefined) {
      const channel = new ApiChannel({ target }, { credentials });
      try {
        await channel.client(membershipV1.MembershipServiceDefinition).leave({ handshake: self }, { signal });
        return;
      } catch (error) {
        if (error instanceof ApiError && error.retry === 'no') throw error;
        // It may lead no more, or be about to: whoever leads then is asked.
      } finally {
        channel.close();
      }
    }
    await wakeup.next(askAgainMs, signal);
  }
}
