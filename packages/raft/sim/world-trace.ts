import type { MemberId, Message, TraceEvent } from '../src/index.js';
import type { SimCluster } from './cluster.js';

/** What only the world knows of: no member could tell it of itself. */
export type WorldKind = 'start' | 'crash' | 'pause' | 'resume' | 'lost' | 'partition' | 'heal' | 'violation';

/** An event of the simulated world, in the form of a member's. The schema is `docs/trace.md`. */
export interface WorldEvent {
  readonly v: 1;
  readonly atMs: number;
  /** `world` where it is of no member. */
  readonly node: MemberId | 'world';
  readonly term: number;
  readonly index: number;
  readonly commit: number;
  readonly event: WorldKind;
  readonly cause: string;
  readonly [field: string]: unknown;
}

/** Takes what members and the world tell. */
export type SimTrace = (event: TraceEvent | WorldEvent) => void;

type Link = readonly [from: string, to: string];

/**
 * Tells what the network does. Links are cut one by one and at the same moment: that is one event, told before whatever comes next.
 */
export class WorldTrace {
  readonly #cluster: SimCluster;
  readonly #write: SimTrace;
  #told: readonly Link[] = [];
  #pending: { readonly atMs: number; readonly links: readonly Link[] } | null = null;

  constructor(cluster: SimCluster, write: SimTrace) {
    this.#cluster = cluster;
    this.#write = write;
    cluster.network.onLinks = () => this.#linksChanged();
    cluster.network.onLost = (from, _to, message, isCut) => this.#lost(from, message, lostBy(isCut));
    cluster.onUndelivered = (message) => this.#lost(null, message, 'nobody is there');
  }

  /** Tells what is still to be told; to be called before any other event is. */
  flush(): void {
    const pending = this.#pending;
    this.#pending = null;
    if (pending === null) return;
    const { atMs, links } = pending;
    const isCutNow = (link: Link): boolean => !this.#told.some((told) => isSame(told, link));
    const isWorse = links.some(isCutNow);
    if (!isWorse && links.length === this.#told.length) return;
    this.#told = links;
    if (isWorse) this.#ofWorld('partition', 'links were cut', { cut: links }, atMs);
    else
      this.#ofWorld(
        'heal',
        links.length === 0 ? 'every link carries again' : 'some links carry again',
        { cut: links },
        atMs,
      );
  }

  violated(invariant: string, what: string): void {
    this.flush();
    this.#ofWorld('violation', invariant, { what });
  }

  #linksChanged(): void {
    const atMs = this.#cluster.nowMs;
    if (this.#pending !== null && this.#pending.atMs !== atMs) this.flush();
    this.#pending = { atMs, links: this.#cluster.network.cutLinks };
  }

  /** A message that will never be received, told at its sender's. */
  #lost(from: string | null, message: Message, cause: string): void {
    const sender = from === null ? this.#cluster.nodeOfMember(message.from) : this.#cluster.node(from);
    const { term = 0, lastIndex = 0, commitIndex = 0 } = sender.core?.status ?? {};
    this.flush();
    this.#write({
      v: 1,
      atMs: this.#cluster.nowMs,
      node: message.from,
      term,
      index: lastIndex,
      commit: commitIndex,
      event: 'lost',
      cause,
      message: message.id,
      kind: message.kind,
      to: message.to,
      messageTerm: message.term,
    });
  }

  #ofWorld(event: WorldKind, cause: string, fields: object, atMs: number = this.#cluster.nowMs): void {
    this.#write({ v: 1, atMs, node: 'world', term: 0, index: 0, commit: 0, event, cause, ...fields });
  }
}

function lostBy(isCut: boolean): string {
  return isCut ? 'the link is cut' : 'the network lost it';
}

function isSame([from, to]: Link, [otherFrom, otherTo]: Link): boolean {
  return from === otherFrom && to === otherTo;
}
