import type { Clock, Timer } from '@commitlog/runtime';
import { isBulk, type Message, nodeOf } from '../core/index.js';
import { RaftGroup } from './group.js';
import type { GroupComponents, GroupInit } from './group-init.js';
import type { Envelope, Lane, RaftTransport } from './transport.js';

export interface HostInit {
  /** How often the groups are told that time has passed; 50 ms by default. At most half of the shortest `heartbeatMs`. */
  readonly tickMs?: number;
}

/**
 * All groups of one node, over one transport and one timer. What they have to say in one turn goes out as one packet per node
 * and lane, so the heartbeats of a thousand groups cost little more than those of one.
 */
export class RaftHost {
  readonly #tickMs: number;
  readonly #transport: RaftTransport;
  readonly #clock: Clock;
  readonly #groups: Map<string, RaftGroup> = new Map();
  #outbox: Record<Lane, Map<string, Envelope[]>> = { control: new Map(), bulk: new Map() };
  #isFlushing = false;
  #timer: Timer | null = null;
  #isStarted = false;

  constructor(init: HostInit, components: { readonly transport: RaftTransport; readonly clock: Clock }) {
    this.#tickMs = init.tickMs ?? 50;
    this.#transport = components.transport;
    this.#clock = components.clock;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#transport.listen((packet) => this.#receive(packet));
    this.#arm();
  }

  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#timer?.cancel();
    this.#transport.listen(null);
    await Promise.all([...this.#groups.values()].map((group) => group.stop()));
    this.#groups.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Opens this node's member of a group: loads its disk, and takes part from then on. */
  async open(id: string, init: GroupInit, components: Omit<GroupComponents, 'clock'>): Promise<RaftGroup> {
    if (this.#groups.has(id)) throw new TypeError(`group ${id} is open on this node already`);
    const group = await RaftGroup.load(id, init, (message) => this.#send(id, message), {
      ...components,
      clock: this.#clock,
    });
    this.#groups.set(id, group);
    return group;
  }

  /** Closes one group; the others go on. */
  async close(id: string): Promise<void> {
    const group = this.#groups.get(id);
    this.#groups.delete(id);
    await group?.stop();
  }

  /** Armed again after each run, never in a fixed rhythm: after a pause it fires once, not once for every tick missed. */
  #arm(): void {
    this.#timer = this.#clock.after(this.#tickMs, () => {
      if (!this.#isStarted) return;
      for (const group of this.#groups.values()) group.tick();
      this.#arm();
    });
  }

  #receive(packet: readonly Envelope[]): void {
    for (const { group, message } of packet) this.#groups.get(group)?.receive(message);
  }

  #send(group: string, message: Message): void {
    const lane = this.#outbox[isBulk(message) ? 'bulk' : 'control'];
    const node = nodeOf(message.to);
    const gathered = lane.get(node);
    if (gathered === undefined) lane.set(node, [{ group, message }]);
    else gathered.push({ group, message });
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    for (const lane of ['control', 'bulk'] as const) {
      const packets = this.#outbox[lane];
      this.#outbox[lane] = new Map();
      for (const [node, packet] of packets) this.#transport.send(node, lane, packet);
    }
  }
}
