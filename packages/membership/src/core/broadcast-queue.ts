import type { PacketBuilder } from './packet.js';

interface Broadcast {
  readonly about: string;
  readonly bytes: Uint8Array;
  /** How often it was sent. */
  times: number;
}

/**
 * News that is to be told: about each member only the newest, first what was told least (SWIM §4.1). Each is told so many times and then
 * dropped, and only by riding on packets with room for it.
 */
export class BroadcastQueue {
  /** By how often they were sent; in each, by whom they are about. */
  readonly #sent: Map<string, Broadcast>[] = [];
  readonly #all: Map<string, Broadcast> = new Map();

  get size(): number {
    return this.#all.size;
  }

  /** Takes the place of what was to be told about the same member. */
  add(about: string, bytes: Uint8Array): void {
    this.drop(about);
    const broadcast = { about, bytes, times: 0 };
    this.#all.set(about, broadcast);
    this.#put(broadcast);
  }

  drop(about: string): void {
    const broadcast = this.#all.get(about);
    if (broadcast === undefined) return;
    this.#sent[broadcast.times]!.delete(about);
    this.#all.delete(about);
  }

  has(about: string): boolean {
    return this.#all.has(about);
  }

  /** Fills what room a packet has left, and counts nothing: for who may not be there to read it. */
  copyTo(packet: PacketBuilder): void {
    for (const bucket of this.#sent) for (const { bytes } of bucket.values()) packet.add(bytes);
  }

  /** Fills what room a packet has left. What was sent `timesMax` times is dropped. */
  fill(packet: PacketBuilder, timesMax: number): void {
    for (let times = this.#sent.length - 1; times >= timesMax; times--) {
      for (const { about } of [...this.#sent[times]!.values()]) this.drop(about);
    }
    const taken: Broadcast[] = [];
    for (const bucket of this.#sent) {
      for (const broadcast of bucket.values()) if (packet.add(broadcast.bytes)) taken.push(broadcast);
    }
    for (const broadcast of taken) {
      this.#sent[broadcast.times]!.delete(broadcast.about);
      broadcast.times += 1;
      if (broadcast.times < timesMax) this.#put(broadcast);
      else this.#all.delete(broadcast.about);
    }
  }

  #put(broadcast: Broadcast): void {
    while (this.#sent.length <= broadcast.times) this.#sent.push(new Map());
    this.#sent[broadcast.times]!.set(broadcast.about, broadcast);
  }
}
