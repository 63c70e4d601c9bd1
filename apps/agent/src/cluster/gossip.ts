import type { ChannelCredentials } from '@commitlog/api';
import { FileStore, type Keyring, type Member, Membership, type MembershipEvent } from '@commitlog/membership';
import type { Address, Clock, Datagrams, Files, Random } from '@commitlog/runtime';
import type { Configuration } from '../configuration/settings.js';
import type { Identity } from '../identity/data-directory.js';
import type { Logger } from '../observability/logger.js';
import { GossipExchanges } from '../peers/gossip-exchanges.js';
import { handshakeOf } from '../peers/handshake.js';
import { rpcAddressOf, tagNames } from './roster.js';

export interface GossipComponents {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
  readonly logger: Logger;
  readonly keyring: Keyring | undefined;
  /** What to dial other nodes with. */
  readonly credentials: ChannelCredentials;
  /** Somebody came, went, or has something new to say. */
  readonly onNews: () => void;
}

/** Who is there, as this node hears it. UDP has the number of the port that everything else is on. */
export class Gossip {
  readonly exchanges: GossipExchanges;
  readonly #configuration: Configuration;
  readonly #identity: Identity;
  readonly #with: GossipComponents;
  #membership: Membership | undefined;

  constructor(configuration: Configuration, identity: Identity, components: GossipComponents) {
    this.#configuration = configuration;
    this.#identity = identity;
    this.#with = components;
    const self = handshakeOf(identity);
    this.exchanges = new GossipExchanges({
      self: () => self,
      credentials: components.credentials,
      targetOf: (to) => {
        const member = this.members().find(({ address }) => address.host === to.host && address.port === to.port);
        return member && rpcAddressOf(member);
      },
    });
  }

  /** Once it has started. */
  get membership(): Membership | undefined {
    return this.#membership;
  }

  /** Everybody who is known; nobody before the start. */
  members(): readonly Member[] {
    return this.#membership?.members() ?? [];
  }

  member(name: string): Member | undefined {
    return this.#membership?.member(name);
  }

  /**
   * @param port where this node's server listens
   * @param address where it is to be dialled, as `host:port`
   */
  async start(port: number, address: string): Promise<void> {
    const { listen, advertise, join, 'gossip.profile': profile, 'data-dir': directory } = this.#configuration;
    const { clusterId: cluster, nodeId: name, storageId } = this.#identity;
    const { files, clock, random, datagrams, logger, keyring } = this.#with;
    const told = advertisedIp(advertise, port);
    const membership = new Membership(
      {
        ...{ name, cluster, profile },
        bind: { host: listen.host === 'localhost' ? '127.0.0.1' : listen.host, port },
        ...(told && { advertise: told }),
        tags: { [tagNames.address]: address, [tagNames.storage]: storageId },
      },
      {
        ...{ datagrams, clock, random },
        streams: this.exchanges,
        store: new FileStore({ directory }, { files }),
        ...(keyring && { keyring }),
        onProblem: (error) => logger.warn({ error }, 'gossip: something that stops nothing'),
      },
    );
    await membership.start();
    this.#membership = membership;
    void this.#listen(membership.events());
    if (join.length === 0) return;
    // Nobody there yet, perhaps: they are tried again for as long as this node is alone.
    membership.join(join).catch((error: unknown) => logger.info({ error }, 'nobody answers gossip yet'));
  }

  /** Says that this node goes for good. */
  async leave(): Promise<void> {
    await this.#membership?.leave();
  }

  async stop(): Promise<void> {
    await this.#membership?.stop();
  }

  async #listen(events: AsyncIterable<MembershipEvent>): Promise<void> {
    const { logger, onNews } = this.#with;
    for await (const { kind, member } of events) {
      logger.info({ node: member.name, address: rpcAddressOf(member) }, `gossip: ${member.name} ${kind}`);
      onNews();
    }
  }
}

/** Packets go to addresses, never to names: a node that is told by a name is reached by gossip where it listens. */
function advertisedIp(advertise: Address | undefined, port: number): Address | undefined {
  if (advertise === undefined) return undefined;
  const isIp = advertise.host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(advertise.host);
  return isIp ? { host: advertise.host, port: advertise.port === 0 ? port : advertise.port } : undefined;
}
