import type { Message, TraceEvent } from '../src/index.js';
import { SimCluster, type SimClusterInit } from './cluster.js';
import type { SimTrace, WorldEvent, WorldKind } from './world-event.js';

/** A cluster whose members and world tell everything to `write`, in order. */
export function tracedCluster(
  init: SimClusterInit,
  write: SimTrace,
): { readonly cluster: SimCluster; readonly world: WorldTrace } {
  let world: WorldTrace | undefined;
  const trace: SimTrace = (event) => {
    world?.follows(event);
    write(event);
  };
  const cluster = new SimCluster(init, { trace });
  world = new WorldTrace(cluster, write);
  return { cluster, world };
}

/** What a member's last event has said of it. */
type Standing = Pick<TraceEvent, 'term' | 'index' | 'commit'>;

type Link = readonly [from: string, to: string];

/**
 * Tells what the network does. Links are cut one by one and at the same moment: that is one event, told before whatever comes next.
 */
export class WorldTrace {
  readonly #cluster: SimCluster;
  readonly #write: SimTrace;
  /** By member: one that is down, or has got another disk, can no longer be asked. */
  readonly #standings = new Map<string, Standing>();
  #told: readonly Link[] = [];
  #pending: { readonly atMs: number; readonly links: readonly Link[] } | null = null;

  constructor(cluster: SimCluster, write: SimTrace) {
    this.#cluster = cluster;
    this.#write = write;
    cluster.network.onLinks = () => this.#linksChanged();
    cluster.network.onLost = (_from, _to, message, isCut) => this.#lost(message, lostBy(isCut));
    cluster.onUndelivered = (message) => this.#lost(message, 'nobody is there');
  }

  /** To be called before any event of a member is written. */
  follows({ node, term, index, commit }: TraceEvent | WorldEvent): void {
    this.flush();
    this.#standings.set(node, { term, index, commit });
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
  #lost(message: Message, cause: string): void {
    // Whoever has sent it has told of that.
    const standing = this.#standings.get(message.from)!;
    this.flush();
    this.#write({
      v: 1,
      atMs: this.#cluster.nowMs,
      node: message.from,
      ...standing,
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
