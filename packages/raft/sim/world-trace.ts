import type { Message } from '../src/index.js';
import { SimCluster, type SimClusterInit } from './cluster.js';
import type { SimTrace, WorldKind } from './world-event.js';

/** A cluster whose members and world tell everything to `write`, in order. */
export function tracedCluster(
  init: SimClusterInit,
  write: SimTrace,
): { readonly cluster: SimCluster; readonly world: WorldTrace } {
  let world: WorldTrace | undefined;
  const trace: SimTrace = (event) => {
    world?.flush();
    write(event);
  };
  const cluster = new SimCluster(init, { trace });
  world = new WorldTrace(cluster, write);
  return { cluster, world };
}

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
