import type { Address } from '@commitlog/runtime';
import { EventQueue, type LinkQuality, SeededRandom, SimulatedNetwork, Sometimes } from '@commitlog/simulation';
import {
  addressText,
  type CoreSettings,
  defaultSettings,
  Keyring,
  type MembershipEvent,
  PlainEnvelope,
  SealedEnvelope,
} from '../src/index.js';
import { Invariants } from './invariants.js';
import { SimNode } from './node.js';
import { states } from './states.js';

interface Datagram {
  readonly from: Address;
  readonly to: Address;
  readonly packet: Uint8Array;
}

export interface SimClusterInit {
  readonly seed: string;
  readonly nodes: number;
  readonly settings: Partial<Omit<CoreSettings, 'name' | 'address' | 'incarnation'>>;
  readonly network: LinkQuality;
  readonly isSealed: boolean;
}

/** Switches on a rack: no loss, no surprises. */
export const calmNetwork: LinkQuality = {
  delayMsMin: 0.2,
  delayMsMax: 2,
  drop: 0,
  duplicate: 0,
  late: 0,
  lateMsMax: 0,
};

/** Of so many packets one is recorded, */
const recordEvery = 7;
/** and so many are kept. */
const recordedMax = 256;

/** A cluster in one sequence of events: machines and network, and the invariants that see all. */
export class SimCluster {
  readonly events: EventQueue = new EventQueue();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork<Datagram>;
  readonly sometimes: Sometimes = new Sometimes(states);
  readonly nodes: SimNode[] = [];
  readonly settings: Omit<CoreSettings, 'name' | 'address' | 'incarnation'>;
  /** Told of every event at every member. */
  readonly watchers: ((node: SimNode, event: MembershipEvent) => void)[] = [];
  /** Some of what went over the network: whoever listens can send it again. */
  readonly recorded: Datagram[] = [];
  /** Of whom packets are swallowed, both ways, and streams are not. */
  readonly firewalled: Set<string> = new Set();
  readonly invariants: Invariants;
  readonly #keyring: Keyring;
  readonly #byAddress: Map<string, SimNode> = new Map();
  readonly #streamRandom: SeededRandom;
  #addresses = 0;
  #sent = 0;

  constructor(init: SimClusterInit) {
    this.random = new SeededRandom(init.seed);
    this.settings = { ...defaultSettings, ...init.settings };
    this.#keyring = new Keyring(this.random.fork('key').bytes(32));
    this.#streamRandom = this.random.fork('streams');
    this.network = new SimulatedNetwork<Datagram>(init.network, {
      events: this.events,
      random: this.random.fork('network'),
      deliver: (_from, to, datagram) => this.#deliver(to, datagram),
    });
    this.invariants = new Invariants(this);
    for (let at = 0; at < init.nodes; at++) this.nodes.push(this.#newNode(`n${at + 1}`, init.isSealed));
  }

  get nowMs(): number {
    return this.events.nowMs;
  }

  /** Those who are there and mean to stay. */
  get there(): SimNode[] {
    return this.nodes.filter((node) => node.isIn);
  }

  get quality(): LinkQuality {
    return this.network.quality;
  }

  /** All at once, each told of the first. */
  startTogether(): void {
    const [first, ...others] = this.nodes;
    first!.start();
    for (const node of others) {
      node.start();
      node.join([first!.address]);
    }
  }

  runFor(ms: number): void {
    this.events.runUntil(this.nowMs + ms);
  }

  /** Runs until `isDone`, which is looked at every `everyMs`; false when `withinMs` went by first. */
  runUntil(isDone: () => boolean, withinMs: number, everyMs = 100): boolean {
    const untilMs = this.nowMs + withinMs;
    while (!isDone()) {
      if (this.nowMs >= untilMs) return false;
      this.runFor(Math.min(everyMs, untilMs - this.nowMs));
    }
    return true;
  }

  node(name: string): SimNode | undefined {
    return this.nodes.find((each) => each.name === name);
  }

  /** Gives a node that is down another address. */
  move(node: SimNode): void {
    this.#byAddress.delete(addressText(node.address));
    node.address = this.#nextAddress();
    this.#byAddress.set(addressText(node.address), node);
  }

  /** Sends a recorded packet again. */
  replay(datagram: Datagram): void {
    const to = this.#byAddress.get(addressText(datagram.to));
    if (to !== undefined) this.#deliver(to.name, datagram);
  }

  #deliver(to: string, { from, to: address, packet }: Datagram): void {
    const node = this.#byAddress.get(addressText(address));
    if (node?.name !== to) return;
    const waitMs = node.heldUntilMs - this.nowMs;
    if (waitMs > 0) this.events.after(waitMs, () => node.receivePacket(from, packet));
    else node.receivePacket(from, packet);
  }

  #send(from: SimNode, to: Address, packet: Uint8Array): void {
    const waitMs = from.heldUntilMs - this.nowMs;
    const target = this.#byAddress.get(addressText(to));
    if (target === undefined || this.firewalled.has(from.name) || this.firewalled.has(target.name)) return;
    const datagram = { from: from.address, to, packet };
    this.#sent += 1;
    if (this.#sent % recordEvery === 0) this.recorded[(this.#sent / recordEvery - 1) % recordedMax] = datagram;
    if (waitMs > 0) this.events.after(waitMs, () => this.network.send(from.name, target.name, datagram));
    else this.network.send(from.name, target.name, datagram);
  }

  /** A stream: what is lost is sent again, so it is late instead; a cut link or a machine that is down ends in a timeout. */
  #ask(
    from: SimNode,
    question: { readonly to: Address; readonly bytes: Uint8Array; readonly timeoutMs: number },
    answered: (bytes: Uint8Array | undefined) => void,
  ): void {
    let isOver = false;
    const end = (bytes: Uint8Array | undefined): void => {
      if (!isOver) answered(bytes);
      isOver = true;
    };
    this.events.after(question.timeoutMs, () => end(undefined));
    const target = this.#byAddress.get(addressText(question.to));
    if (target === undefined || target === from) return;
    const isCut = (): boolean =>
      this.network.isCut(from.name, target.name) || this.network.isCut(target.name, from.name);
    // Of a stream nothing gets through in one direction alone: it waits for acknowledgements.
    this.events.after(this.#streamDelayMs(from) + this.#streamDelayMs(target), () => {
      if (isCut()) return;
      if (!target.isUp) {
        end(undefined);
        return;
      }
      target.receiveQuestion(question.bytes, (bytes) => {
        this.events.after(this.#streamDelayMs(target), () => void (isCut() || end(bytes)));
      });
    });
  }

  #streamDelayMs(node: SimNode): number {
    const { delayMsMin, delayMsMax, drop } = this.quality;
    let delayMs = delayMsMin + (delayMsMax - delayMsMin) * (this.#streamRandom.below(1000) / 1000);
    // TCP's first wait before it sends again is 200 ms or more, and doubles.
    for (let waitMs = 200; waitMs < 10_000 && this.#streamRandom.chance(drop); waitMs *= 2) delayMs += waitMs;
    return delayMs + Math.max(0, node.heldUntilMs - this.nowMs);
  }

  #newNode(name: string, isSealed: boolean): SimNode {
    const address = this.#nextAddress();
    const { membersMax } = this.settings;
    const node = new SimNode(name, address, this.settings, {
      events: this.events,
      random: this.random.fork(name),
      envelope: (random) =>
        isSealed
          ? new SealedEnvelope(
              { cluster: 'sim', peersMax: 2 * membersMax },
              { keyring: this.#keyring, random, clock: { monotonicMs: () => this.nowMs } },
            )
          : new PlainEnvelope('sim'),
      send: (from, to, packet) => this.#send(from, to, packet),
      ask: (from, question, answered) => this.#ask(from, question, answered),
      onEvent: (at, event) => {
        this.invariants.onEvent(at, event);
        for (const watch of this.watchers) watch(at, event);
      },
      onStep: (at) => this.invariants.onStep(at),
    });
    this.#byAddress.set(addressText(address), node);
    return node;
  }

  #nextAddress(): Address {
    this.#addresses += 1;
    const host = `10.0.${this.#addresses >> 8}.${this.#addresses & 255}`;
    return { host, port: 7946 };
  }
}
