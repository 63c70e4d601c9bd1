import type { Address, Random } from '@commitlog/runtime';
import type { EventQueue, SeededRandom } from '@commitlog/simulation';
import { decodePacket } from '../src/core/packet.js';
import {
  addressText,
  type CoreSettings,
  type CoreTimer,
  type Effect,
  type Envelope,
  type Input,
  type Member,
  MembershipCore,
  type MembershipEvent,
  packetBytesMax,
} from '../src/index.js';
import { Violation } from './violation.js';

/** What a member kept on its disk. */
export interface Saved {
  readonly incarnation: number;
  readonly contacts: readonly Address[];
}

export interface SimNodeComponents {
  readonly events: EventQueue;
  readonly random: SeededRandom;
  readonly envelope: (random: Random) => Envelope;
  readonly send: (from: SimNode, to: Address, packet: Uint8Array) => void;
  readonly ask: (
    from: SimNode,
    question: { readonly to: Address; readonly bytes: Uint8Array; readonly timeoutMs: number },
    answered: (bytes: Uint8Array | undefined) => void,
  ) => void;
  readonly onEvent: (node: SimNode, event: MembershipEvent) => void;
  readonly onStep: (node: SimNode) => void;
}

/** Where a sealed packet has what tells it from all others (see docs/membership.md). */
const sealedForm = 2;
const saltAndNumber = { from: 5, to: 27 };

/** What a socket holds for a process that does not read; more is lost. */
const inboxMax = 400;

/** One machine: a core, its clock and timers, and what waits for it while it stands still. */
export class SimNode {
  readonly name: string;
  address: Address;
  core: MembershipCore | undefined;
  envelope: Envelope | undefined;
  saved: Saved | undefined;
  /** How often it was started. */
  boots = 0;
  /** Whether it took its leave. Then nobody need take it for failed. */
  hasLeft = false;
  /** Its incarnations when it did: of no other may it be said. */
  readonly leftAt: Set<number> = new Set();
  /** Its highest incarnation ever: nobody else may make one up. */
  incarnationMax = 0;
  isStalled = false;
  /** Until then what it sends and what comes in is held; its timers run. */
  heldUntilMs = 0;
  readonly #settings: Omit<CoreSettings, 'name' | 'address' | 'incarnation'>;
  readonly #components: SimNodeComponents;
  /** Its own clock's lead on the simulation's. */
  #clockAheadMs = 0;
  #timers: Map<number, CoreTimer> = new Map();
  #timersMade = 0;
  #inbox: (() => void)[] = [];
  /** Salt and number of each sealed packet that was ever let in, before a restart too. */
  readonly #letIn: Set<string> = new Set();
  #responses: Map<number, (bytes: Uint8Array) => void> = new Map();
  #questions = 0;
  #joins = 0;

  constructor(
    name: string,
    address: Address,
    settings: Omit<CoreSettings, 'name' | 'address' | 'incarnation'>,
    components: SimNodeComponents,
  ) {
    this.name = name;
    this.address = address;
    this.#settings = settings;
    this.#components = components;
  }

  get isUp(): boolean {
    return this.core !== undefined;
  }

  /** Whether it takes part: up, and not on its way out. */
  get isIn(): boolean {
    return this.isUp && !this.hasLeft;
  }

  get nowMs(): number {
    return this.#components.events.nowMs + this.#clockAheadMs;
  }

  /** Whom it takes for there: alive or suspect. */
  get view(): Member[] {
    const all = this.core?.members() ?? [];
    return all.filter(({ status }) => status === 'alive' || status === 'suspect');
  }

  get timers(): number {
    return this.#timers.size;
  }

  start(): void {
    if (this.isUp) return;
    this.boots += 1;
    this.hasLeft = false;
    const random = this.#components.random.fork(this.boots);
    const incarnation = this.saved === undefined ? 0 : this.saved.incarnation + 1;
    this.core = new MembershipCore(
      { ...this.#settings, name: this.name, address: this.address, incarnation },
      { random },
    );
    this.envelope = this.#components.envelope(random.fork('envelope'));
    this.step({ kind: 'start', contacts: this.saved?.contacts ?? [] });
  }

  /** Its process ends, now. */
  crash(): void {
    this.core = undefined;
    this.envelope = undefined;
    this.isStalled = false;
    this.#timers = new Map();
    this.#inbox = [];
    this.#responses = new Map();
  }

  join(addresses: readonly Address[]): void {
    this.#joins += 1;
    this.step({ kind: 'join', join: this.#joins, addresses });
  }

  leave(): void {
    this.hasLeft = true;
    if (this.core !== undefined) this.leftAt.add(this.core.self.incarnation);
    this.step({ kind: 'leave' });
  }

  /** Stands still: nothing runs and nothing is read until `resume`. */
  stall(): void {
    this.isStalled = this.isUp;
  }

  /** As Node does: first the timers that are due, then what waits in the sockets. */
  resume(): void {
    if (!this.isStalled) return;
    this.isStalled = false;
    this.#fireDue();
    for (const arrive of this.#inbox.splice(0)) arrive();
  }

  /** Its clock, the monotonic one, leaps ahead, as when a machine was suspended. */
  jumpClock(ms: number): void {
    this.#clockAheadMs += ms;
    for (const [number, timer] of this.#timers) this.#schedule(number, timer.dueMs - this.nowMs);
    this.#fireDue();
  }

  receivePacket(from: Address, packet: Uint8Array): void {
    this.#whenAwake(() => {
      const opened = this.envelope!.open(from, packet);
      if (opened.kind === 'reply') {
        // What it sent before, and was asked to send again, may be longer than the question.
        this.#components.send(this, from, opened.packet);
      } else if (opened.kind === 'payload') {
        this.#checkReplay(packet);
        const effects = this.step({ kind: 'packet', from, bytes: opened.payload });
        this.#checkReplies(from, opened.payload.length, effects);
      }
    });
  }

  receiveQuestion(bytes: Uint8Array, respond: (bytes: Uint8Array) => void): void {
    this.#whenAwake(() => {
      this.#questions += 1;
      this.#responses.set(this.#questions, respond);
      this.step({ kind: 'asked', id: this.#questions, bytes });
      this.#responses.delete(this.#questions);
    });
  }

  step(input: Input): readonly Effect[] {
    if (this.core === undefined) return [];
    const effects = this.core.step(input, this.nowMs);
    this.incarnationMax = Math.max(this.incarnationMax, this.core.self.incarnation);
    for (const effect of effects) this.#carryOut(effect);
    this.#components.onStep(this);
    return effects;
  }

  /** Writes down what it needs to find the others again. */
  save(): void {
    if (this.core === undefined) return;
    this.saved = { incarnation: this.core.self.incarnation, contacts: this.core.contacts() };
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send': {
        const packet = this.envelope!.seal(effect.to, effect.bytes);
        this.#checkPing(effect.bytes);
        if (packet.length > packetBytesMax) throw new Violation('bounds', `a packet of ${packet.length} bytes`);
        this.#components.send(this, effect.to, packet);
        break;
      }
      case 'ask': {
        const { boots } = this;
        this.#components.ask(this, effect, (bytes) => {
          if (this.boots === boots) this.#whenAwake(() => this.step({ kind: 'answered', id: effect.id, bytes }));
        });
        break;
      }
      case 'respond':
        this.#responses.get(effect.id)?.(effect.bytes);
        break;
      case 'timer': {
        this.#timersMade += 1;
        this.#timers.set(this.#timersMade, effect.timer);
        this.#schedule(this.#timersMade, effect.delayMs);
        break;
      }
      case 'event':
        this.#components.onEvent(this, effect.event);
        break;
      case 'join-ended':
        break;
      case 'leave-told':
        this.save();
        this.crash();
    }
  }

  #schedule(number: number, delayMs: number): void {
    const { boots } = this;
    this.#components.events.after(Math.max(0, delayMs), () => {
      if (this.boots === boots && !this.isStalled) this.#fire(number);
    });
  }

  #fire(number: number): void {
    const timer = this.#timers.get(number);
    // What is due early by its own clock is due later by a schedule of its own.
    if (timer === undefined || timer.dueMs > this.nowMs + 0.001) return;
    this.#timers.delete(number);
    this.step({ kind: 'timer', timer });
  }

  #fireDue(): void {
    const due = [...this.#timers].filter(([, timer]) => timer.dueMs <= this.nowMs);
    for (const [number] of due.sort(([, one], [, other]) => one.dueMs - other.dueMs)) this.#fire(number);
  }

  #whenAwake(arrive: () => void): void {
    if (!this.isUp) return;
    if (!this.isStalled) arrive();
    else if (this.#inbox.length < inboxMax) this.#inbox.push(() => void (this.isUp && arrive()));
  }

  /** A sealed packet counts once, whatever was recorded and sent again. */
  #checkReplay(packet: Uint8Array): void {
    if (packet[0] !== sealedForm) return;
    const key = Buffer.from(packet.subarray(saltAndNumber.from, saltAndNumber.to)).toString('latin1');
    if (this.#letIn.has(key)) throw new Violation('a replay is not let in', `${this.name} took a packet twice`);
    this.#letIn.add(key);
  }

  /** Whoever pings a suspect says so in the same packet (Lifeguard §IV-C). */
  #checkPing(bytes: Uint8Array): void {
    const core = this.core!;
    if (!this.#settings.isLifeguardOn || core.held.suspicions === 0) return;
    const { to, messages } = decodePacket(bytes)!;
    if (!messages.some(({ kind }) => kind === 'ping') || core.member(to)?.status !== 'suspect') return;
    if (messages.some((message) => message.kind === 'suspect' && message.about === to)) return;
    throw new Violation('the suspect hears of it first', `${this.name} pinged ${to}, a suspect, and did not say so`);
  }

  /** No packet that goes back is longer than the one that came. */
  #checkReplies(from: Address, bytes: number, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'send' || addressText(effect.to) !== addressText(from) || effect.bytes.length <= bytes)
        continue;
      throw new Violation('no amplification', `${this.name} answered ${bytes} bytes with ${effect.bytes.length}`);
    }
  }
}
