import type { Clock } from '@commitlog/runtime';
import type { Envelope, RaftTransport } from '../driver/index.js';

/** After so many packets in one go the event loop gets its turn, or no timer would ever fire. */
const packetsPerTurn = 500;

/** A network between hosts of one process: packets arrive in order, in a later microtask, unless a node is cut off. */
export class MemoryNetwork {
  /** Told of every packet as it is sent. */
  onPacket: ((packet: readonly Envelope[], from: string, to: string) => void) | undefined;
  readonly #clock: Clock;
  readonly #receivers: Map<string, (packet: readonly Envelope[]) => void> = new Map();
  readonly #away: Set<string> = new Set();
  #queue: { readonly from: string; readonly to: string; readonly packet: readonly Envelope[] }[] = [];
  #isDelivering = false;
  /** Since the event loop last had its turn. */
  #delivered = 0;

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** The transport of one node. */
  transport(node: string): RaftTransport {
    return {
      send: (to, _lane, packet) => this.#send(node, to, packet),
      listen: (receive) => {
        if (receive === null) this.#receivers.delete(node);
        else this.#receivers.set(node, receive);
      },
    };
  }

  disconnect(node: string): void {
    this.#away.add(node);
  }

  reconnect(node: string): void {
    this.#away.delete(node);
  }

  #send(from: string, to: string, packet: readonly Envelope[]): void {
    this.onPacket?.(packet, from, to);
    this.#queue.push({ from, to, packet });
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    if (this.#delivered >= packetsPerTurn) {
      this.#clock.after(0, () => {
        this.#delivered = 0;
        this.#deliver();
      });
    } else queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const packets = this.#queue;
    this.#queue = [];
    this.#isDelivering = false;
    this.#delivered += packets.length;
    for (const { from, to, packet } of packets) {
      if (!this.#away.has(from) && !this.#away.has(to)) this.#receivers.get(to)?.(packet);
    }
  }
}
