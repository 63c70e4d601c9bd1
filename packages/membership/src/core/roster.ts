import { type Random, randomBelow } from '@commitlog/runtime';
import type { MemberState } from './exchange.js';
import type { Tags } from './tags.js';

/** What is known of one member, and since when it has been so. */
export interface Peer extends MemberState {
  readonly changedMs: number;
  /** What its `tagBytes` say. */
  readonly tags: Tags;
}

const isLive = ({ status }: Peer): boolean => status === 'alive' || status === 'suspect';

const triesPerDraw = 4;

/** Everybody whom this member knows, itself included. */
export class Roster {
  readonly #peers: Map<string, Peer> = new Map();
  /** In no order; so that one can be drawn. */
  readonly #names: string[] = [];
  readonly #at: Map<string, number> = new Map();
  readonly #heardMs: Map<string, number> = new Map();
  #live = 0;

  /** How many are alive or suspect. */
  get live(): number {
    return this.#live;
  }

  /** Whether nobody else is there. */
  get isAlone(): boolean {
    return this.#live <= 1;
  }

  /** How many failed or left. */
  get gone(): number {
    return this.#peers.size - this.#live;
  }

  get(name: string): Peer | undefined {
    return this.#peers.get(name);
  }

  values(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  set(peer: Peer): void {
    this.#count(this.#peers.get(peer.name), -1);
    this.#count(peer, 1);
    this.#peers.set(peer.name, peer);
    if (this.#at.has(peer.name)) return;
    this.#at.set(peer.name, this.#names.push(peer.name) - 1);
  }

  /** A packet came straight from it. */
  hear(name: string, nowMs: number): void {
    if (this.#peers.has(name)) this.#heardMs.set(name, nowMs);
  }

  /** When one last did; 0 for never. */
  heardMs(name: string): number {
    return this.#heardMs.get(name) ?? 0;
  }

  remove(name: string): void {
    const at = this.#at.get(name);
    if (at === undefined) return;
    this.#heardMs.delete(name);
    this.#count(this.#peers.get(name), -1);
    this.#peers.delete(name);
    this.#at.delete(name);
    const last = this.#names.pop()!;
    if (last === name) return;
    this.#names[at] = last;
    this.#at.set(last, at);
  }

  /** `count` different ones for whom `isWanted` holds, at random; fewer only where there are no more. */
  draw(count: number, random: Random, isWanted: (peer: Peer) => boolean): Peer[] {
    const drawn: Peer[] = [];
    // Where most are wanted a few tries are enough; else, and for whoever is still missing, all are looked at.
    for (let tries = triesPerDraw * count; tries > 0 && drawn.length < count; tries--) {
      const peer = this.#peers.get(this.#names[randomBelow(random, this.#names.length)]!)!;
      if (isWanted(peer) && !drawn.includes(peer)) drawn.push(peer);
    }
    if (drawn.length === count) return drawn;
    const left = [...this.#peers.values()].filter((peer) => isWanted(peer) && !drawn.includes(peer));
    while (drawn.length < count && left.length > 0) {
      drawn.push(...left.splice(randomBelow(random, left.length), 1));
    }
    return drawn;
  }

  #count(peer: Peer | undefined, by: number): void {
    if (peer !== undefined && isLive(peer)) this.#live += by;
  }
}

export { isLive };
