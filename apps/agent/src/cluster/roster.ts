import type { Member as GossipMember } from '@commitlog/membership';
import { type MemberId, memberId } from '@commitlog/raft';
import type { Clock } from '@commitlog/runtime';
import { address, addressText } from '../configuration/kinds.js';
import type { Logger } from '../observability/logger.js';
import type { KnownNode } from '../voters/reconcile.js';

/** Tags that a node says of itself by gossip: hints, of which none gives it a right. */
export const tagNames: { readonly address: string; readonly storage: string } = { address: 'rpc', storage: 'disk' };

export interface RosterComponents {
  /** Everybody whom gossip knows, this node included; nobody before it has started. */
  readonly gossip: () => readonly GossipMember[];
  /** One of them: asked for with every packet of Raft's. */
  readonly gossipOf: (node: string) => GossipMember | undefined;
  /** Asks a node at its address which disk it runs on; rejects unless its certificate proves that it is that node. */
  readonly prove: (node: string, address: string) => Promise<{ readonly storageId: string }>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a node has proved, and the tag that made this one ask. */
interface Proved {
  readonly hint: string;
  readonly member: MemberId;
}

/** Who is there: what gossip says, and what the nodes themselves have proved over mutual TLS. */
export class Roster {
  readonly #self: string;
  readonly #with: RosterComponents;
  readonly #proved: Map<string, Proved> = new Map();
  readonly #failedSinceMs: Map<string, number> = new Map();
  /** Those of whom it was said already. */
  readonly #unprovable: Set<string> = new Set();

  constructor({ self }: { readonly self: MemberId }, components: RosterComponents) {
    this.#with = components;
    this.#self = self.slice(0, self.lastIndexOf('@'));
    this.#proved.set(this.#self, { hint: '', member: self });
  }

  /** Where a node serves clients and nodes, as it says itself; `undefined` of one that gossip has not seen. */
  addressOf(node: string): string | undefined {
    const member = this.#with.gossipOf(node);
    return member === undefined ? undefined : rpcAddressOf(member);
  }

  /** Asks those whom gossip has announced, and whose disk is not proved yet, who they are. Those who do not answer are asked the next time. */
  async refresh(): Promise<void> {
    this.#watchFailures();
    const { prove, logger } = this.#with;
    const unproved = this.#with.gossip().filter((member) => member.status === 'alive' && this.#isToBeProved(member));
    await Promise.all(
      unproved.map(async (member) => {
        const { name } = member;
        try {
          const { storageId } = await prove(name, rpcAddressOf(member));
          this.#unprovable.delete(name);
          this.#proved.set(name, { hint: storageHintOf(member), member: memberId(name, storageId) });
        } catch (error) {
          const say = this.#unprovable.has(name) ? logger.debug : logger.warn;
          this.#unprovable.add(name);
          say.call(logger, { node: name, error }, 'a node that gossip has announced does not prove who it is');
        }
      }),
    );
  }

  /** By node id: those that have proved who they are, and are known to gossip still. */
  known(): Map<string, KnownNode> {
    const known = new Map<string, KnownNode>();
    for (const { name } of this.#with.gossip()) {
      const proved = this.#proved.get(name);
      if (proved === undefined) continue;
      known.set(name, { member: proved.member, failedSinceMs: this.#failedSinceMs.get(name) });
    }
    return known;
  }

  #isToBeProved(member: GossipMember): boolean {
    return member.name !== this.#self && this.#proved.get(member.name)?.hint !== storageHintOf(member);
  }

  #watchFailures(): void {
    const nowMs = this.#with.clock.monotonicMs();
    const gone = this.#with.gossip().filter(({ status }) => status === 'failed' || status === 'left');
    const names = new Set(gone.map(({ name }) => name));
    for (const name of this.#failedSinceMs.keys()) if (!names.has(name)) this.#failedSinceMs.delete(name);
    for (const name of names) if (!this.#failedSinceMs.has(name)) this.#failedSinceMs.set(name, nowMs);
  }
}

/** Where a node is to be dialled: what it says itself, or where gossip finds it. What is no `host:port` is not dialled: gRPC takes other things, too, and throws at some. */
export function rpcAddressOf({ tags, address: found }: GossipMember): string {
  const told = tags[tagNames.address];
  return typeof told === 'string' && address.safeParse(told).success ? told : addressText(found);
}

/** The disk that a node runs on, as it says itself; empty where it says nothing. */
export function storageHintOf({ tags }: GossipMember): string {
  return String(tags[tagNames.storage] ?? '');
}
