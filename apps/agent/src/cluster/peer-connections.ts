import { membersOf, nodeOf } from '@commitlog/raft';
import type { ReplicatedLog } from '@commitlog/replicated-log';
import type { GrpcTransport } from '../peers/raft-transport.js';
import type { Wakeup } from './wakeup.js';

export interface PeerConnectionsComponents {
  readonly log: { readonly member: Pick<ReplicatedLog['member'], 'self' | 'status'> };
  readonly transport: Pick<GrpcTransport, 'connect'>;
  /** Rung when gossip has news: somebody who is back is dialled at once. */
  readonly wakeup: Wakeup;
}

/** How often those are dialled anew that did not answer. */
const everyMs = 1000;

/**
 * Keeps connections to all other members. Followers say nothing to each other until their leader is gone; if they dialled only then, the
 * handshakes of TLS would be part of every election, and two that campaign would so much longer not hear of each other, and split the vote.
 */
export class PeerConnections {
  readonly #with: PeerConnectionsComponents;
  readonly #stopped = new AbortController();
  #isStarted = false;

  constructor(components: PeerConnectionsComponents) {
    this.#with = components;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { log, transport, wakeup } = this.#with;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const { self, status } = log.member;
      for (const member of membersOf(status.configuration.configuration)) {
        if (member !== self) transport.connect(nodeOf(member));
      }
      await wakeup.next(everyMs, signal);
    }
  }
}
