import type { Cluster, ClusterServer } from '../commitlog.js';

/** What servers say of the cluster. */
export interface ClusterAnswer {
  readonly term: number;
  readonly servers: readonly ClusterServer[];
}

export interface DirectoryComponents {
  /** Asks some server who is there: another one each time, if there is one. */
  readonly ask: () => Promise<ClusterAnswer>;
}

/** How many servers are asked at a time: one that is paused answers nothing, and the others do. */
const askedMax = 3;

/**
 * Who is there and who leads, as far as servers have told. Of two answers the one of the higher term is believed (a term has one leader at most), so that a deposed
 * leader which has not heard of it convinces nobody.
 */
export class Directory implements Cluster {
  readonly #with: DirectoryComponents;
  readonly #seeds: readonly string[];
  readonly #listeners = new Set<() => void>();
  #term = 0;
  #servers: readonly ClusterServer[] = [];
  #refreshing: Promise<boolean> | undefined;
  /** Why a server that was asked has not answered, the last time that one has not. */
  trouble: unknown;

  constructor(seeds: readonly string[], components: DirectoryComponents) {
    this.#seeds = seeds;
    this.#with = components;
  }

  get term(): number {
    return this.#term;
  }

  get servers(): readonly ClusterServer[] {
    return this.#servers;
  }

  /** The address of the leader, where one is known. */
  get leader(): string | undefined {
    return this.#servers.find(({ isLeader }) => isLeader)?.address;
  }

  /** All addresses to dial: those that servers have told of, and those that one began with. */
  get addresses(): readonly string[] {
    return [...new Set([...this.#servers.map(({ address }) => address), ...this.#seeds])];
  }

  /** Called back when the servers, or who leads, have changed. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Asks servers who is there. While it is under way, others share it. Never throws.
   *
   * @returns when a leader is known, or everybody who was asked has answered or failed: whether anybody has answered
   */
  refresh(): Promise<boolean> {
    // Asking makes a channel that has no connection want to know more at once: it is to find this one under way.
    this.#refreshing ??= Promise.resolve()
      .then(() => this.#refresh())
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  /** A server said that another leads. It may know better than an answer of the same term; a later one overrules it. */
  hinted(leader: { readonly id: string; readonly address: string }): void {
    if (this.leader === leader.address) return;
    const others = this.#servers.filter(({ id }) => id !== leader.id).map((server) => ({ ...server, isLeader: false }));
    this.#change(this.#term, [...others, { ...leader, isLeader: true }]);
  }

  async #refresh(): Promise<boolean> {
    const asked = Math.min(askedMax, this.addresses.length);
    return await new Promise((resolve) => {
      let open = asked;
      let isAnswered = false;
      const settled = (): void => {
        open -= 1;
        if (open === 0) resolve(isAnswered);
      };
      const failed = (error: unknown): void => {
        this.trouble = error;
        settled();
      };
      for (let at = 0; at < asked; at += 1) {
        this.#with.ask().then((answer) => {
          isAnswered = true;
          this.believe(answer);
          if (this.leader !== undefined && answer.term >= this.#term) resolve(true);
          settled();
        }, failed);
      }
    });
  }

  /** Takes an answer that is newer than what is known, or knows more of the same term. */
  believe({ term, servers }: ClusterAnswer): void {
    const hasLeader = servers.some(({ isLeader }) => isLeader);
    if (servers.length === 0 || term < this.#term) return;
    if (term === this.#term && !hasLeader && this.leader !== undefined) return;
    this.#change(term, servers);
  }

  #change(term: number, servers: readonly ClusterServer[]): void {
    this.#term = term;
    if (isSame(servers, this.#servers)) return;
    this.#servers = servers;
    for (const listener of [...this.#listeners]) listener();
  }
}

function isSame(one: readonly ClusterServer[], other: readonly ClusterServer[]): boolean {
  const sorted = (servers: readonly ClusterServer[]) =>
    servers.map(({ id, address, isLeader }) => `${id} ${address} ${isLeader}`).sort();
  const others = sorted(other);
  return one.length === others.length && sorted(one).every((server, at) => server === others[at]);
}
