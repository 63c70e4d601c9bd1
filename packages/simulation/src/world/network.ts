import type { SeededRandom } from '../random.js';
import type { EventQueue } from './event-queue.js';

/** What every link does to packets. Delays that differ from packet to packet are what reorders them. */
export interface LinkQuality {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** 0 to 1: lost. */
  readonly drop: number;
  /** 0 to 1: arrives twice. */
  readonly duplicate: number;
  /** 0 to 1: takes `lateMsMax` at most instead. */
  readonly late: number;
  readonly lateMsMax: number;
}

/** A network of named nodes: loses, doubles, delays and reorders packets, and can be cut in either direction of any link. */
export class SimulatedNetwork<Packet> {
  quality: LinkQuality;
  /** Told of every packet as it is given to the network, and whether a cut link swallowed it. */
  onSend: ((from: string, to: string, packet: Packet, isCut: boolean) => void) | undefined;
  /** Told of every packet that will never arrive, and whether a cut link swallowed it. */
  onLost: ((from: string, to: string, packet: Packet, isCut: boolean) => void) | undefined;
  /** Told after links were cut or healed; of several at one moment, after each. */
  onLinks: (() => void) | undefined;
  readonly dropped = { cut: 0, lost: 0, duplicated: 0, late: 0, held: 0 };
  readonly #events: EventQueue;
  readonly #random: SeededRandom;
  readonly #deliver: (from: string, to: string, packet: Packet) => void;
  readonly #cut = new Set<string>();
  readonly #stalledUntilMs = new Map<string, number>();

  constructor(
    quality: LinkQuality,
    components: {
      readonly events: EventQueue;
      readonly random: SeededRandom;
      readonly deliver: (from: string, to: string, packet: Packet) => void;
    },
  ) {
    this.quality = quality;
    this.#events = components.events;
    this.#random = components.random;
    this.#deliver = components.deliver;
  }

  send(from: string, to: string, packet: Packet): void {
    const isCut = this.#cut.has(link(from, to));
    this.onSend?.(from, to, packet, isCut);
    if (isCut) {
      this.dropped.cut += 1;
      this.onLost?.(from, to, packet, true);
      return;
    }
    const { drop, duplicate } = this.quality;
    if (drop > 0 && this.#random.chance(drop)) {
      this.dropped.lost += 1;
      this.onLost?.(from, to, packet, false);
      return;
    }
    this.#schedule(from, to, packet);
    if (duplicate > 0 && this.#random.chance(duplicate)) {
      this.dropped.duplicated += 1;
      this.#schedule(from, to, packet);
    }
  }

  /** Packets from one to the other are lost from now on; those under way arrive, as in the real world they may. */
  cut(from: string, to: string): void {
    this.#cut.add(link(from, to));
    this.onLinks?.();
  }

  heal(from: string, to: string): void {
    this.#cut.delete(link(from, to));
    this.onLinks?.();
  }

  /** Nothing gets through between the groups, in either direction. */
  partition(one: readonly string[], other: readonly string[]): void {
    for (const from of one) {
      for (const to of other) {
        this.cut(from, to);
        this.cut(to, from);
      }
    }
  }

  healAll(): void {
    this.#cut.clear();
    this.#stalledUntilMs.clear();
    this.onLinks?.();
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(link(from, to));
  }

  /** The links that are cut, `[from, to]`, in the order in which they were. */
  get cutLinks(): (readonly [from: string, to: string])[] {
    return [...this.#cut].map((cut) => cut.split('>') as [string, string]);
  }

  get cuts(): number {
    return this.#cut.size;
  }

  /** Packets from one to the other are held back, and arrive in a burst. */
  stall(from: string, to: string, forMs: number): void {
    this.#stalledUntilMs.set(link(from, to), this.#events.nowMs + forMs);
  }

  #schedule(from: string, to: string, packet: Packet): void {
    const { delayMsMin, delayMsMax, late, lateMsMax } = this.quality;
    let delayMs = delayMsMin + (delayMsMax - delayMsMin) * (this.#random.uint32() / 2 ** 32);
    if (late > 0 && this.#random.chance(late)) {
      this.dropped.late += 1;
      delayMs = lateMsMax * (this.#random.uint32() / 2 ** 32);
    }
    const heldUntilMs = this.#stalledUntilMs.get(link(from, to));
    if (heldUntilMs !== undefined && heldUntilMs > this.#events.nowMs + delayMs) {
      this.dropped.held += 1;
      delayMs = heldUntilMs - this.#events.nowMs;
    }
    this.#events.after(delayMs, () => this.#deliver(from, to, packet));
  }
}

function link(from: string, to: string): string {
  return `${from}>${to}`;
}
