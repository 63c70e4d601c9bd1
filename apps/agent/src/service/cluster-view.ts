import type { LeaderHint } from '@commitlog/api';
import type { Member as GossipMember } from '@commitlog/membership';
import { type MemberId, membersOf, nodeOf } from '@commitlog/raft';
import type { ReplicatedLog } from '@commitlog/replicated-log';
import type { Roster } from '../cluster/roster.js';
import type { ClusterServer } from './log-service.js';

export interface ClusterViewComponents {
  readonly log: Pick<ReplicatedLog, 'member'>;
  readonly roster: Pick<Roster, 'addressOf'>;
  readonly gossip: () => readonly GossipMember[];
}

/** The cluster as this node sees it, for whoever asks. */
export class ClusterView {
  readonly #with: ClusterViewComponents;

  constructor(components: ClusterViewComponents) {
    this.#with = components;
  }

  get members(): ReadonlySet<MemberId> {
    return membersOf(this.#with.log.member.status.configuration.configuration);
  }

  /** Where the leader can be dialled; `undefined` while nobody leads, or nobody knows where it is. */
  get leader(): LeaderHint | undefined {
    const { leader } = this.#with.log.member;
    if (leader === null) return undefined;
    const id = nodeOf(leader);
    const address = this.#with.roster.addressOf(id);
    return address === undefined ? undefined : { id, address };
  }

  /** The members that clients can dial: those that gossip knows. */
  servers(): { readonly servers: readonly ClusterServer[]; readonly term: number } {
    const { log, roster } = this.#with;
    const { leader, status } = log.member;
    const servers = [...new Set([...this.members].map(nodeOf))].flatMap((id) => {
      const address = roster.addressOf(id);
      return address === undefined ? [] : [{ id, address, isLeader: leader !== null && nodeOf(leader) === id }];
    });
    return { servers, term: status.term };
  }

  gossip(): readonly GossipMember[] {
    return this.#with.gossip();
  }

  /** Those that are in the configuration, and those that gossip knows and has not seen leaving. */
  nodes(): readonly string[] {
    const gossiped = this.gossip().filter(({ status }) => status !== 'left');
    return [...new Set([...[...this.members].map(nodeOf), ...gossiped.map(({ name }) => name)])].sort();
  }

  addressOf(node: string): string | undefined {
    return this.#with.roster.addressOf(node);
  }
}
