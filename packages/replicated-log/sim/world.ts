import type { Envelope, RaftTransport } from '@commitlog/raft';
import { SeededRandom, SimulatedClock } from '@commitlog/simulation';
import type { Plan } from './plan.js';

/** Something that must never happen, and did. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    what: string,
  ) {
    super(what);
  }
}

export interface WorldComponents {
  /** Resolves when everything that waits on promises alone has gone as far as it can. */
  readonly drain: () => Promise<void>;
  /** Told what happens, in order: the same seed tells the same. */
  readonly trace: (event: Readonly<Record<string, unknown>>) => void;
}

/** A process, as the world sees it. */
export interface Mortal {
  readonly isDead: boolean;
}

type Receive = (packet: readonly Envelope[]) => void;

/** Virtual time, a network that loses, doubles, delays and is cut in one direction or both, and the first violation. */
export class World {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly plan: Plan;
  readonly random: SeededRandom;
  /** Everything is well from now on, and callers begin nothing new. */
  isHealed = false;
  moments = 0;
  readonly #with: WorldComponents;
  readonly #receivers: Map<string, Receive> = new Map();
  /** Links that swallow what is sent, as `from>to`. */
  readonly #cut: Set<string> = new Set();
  #violation: Violation | null = null;

  constructor(seed: string, plan: Plan, components: WorldComponents) {
    this.plan = plan;
    this.random = new SeededRandom(`log ${seed}`).fork('world');
    this.#with = components;
  }

  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  trace(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#with.trace({ atMs: this.nowMs, event, ...fields });
  }

  /** Noted where it happens; thrown as soon as the run is back in control. */
  violated(invariant: string, what: string): void {
    this.#violation ??= new Violation(invariant, what);
  }

  /** Lets time pass; whatever falls due together settles before the next moment comes. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await this.#settle();
    for (let dueMs = this.#dueMs; dueMs <= untilMs; dueMs = this.#dueMs) {
      this.clock.advanceTo(dueMs);
      await this.#settle();
    }
    this.clock.advanceTo(untilMs);
  }

  async until(isDone: () => boolean, withinMs: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < withinMs && !isDone(); waitedMs += 20) await this.pass(20);
    return isDone();
  }

  /** For those who live in this world: up to `msMax`, in whole milliseconds. */
  wait(msMax: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(this.random.below(msMax + 1), resolve));
  }

  transport(node: string, life: Mortal): RaftTransport {
    return {
      send: (to, _lane, packet) => {
        if (!life.isDead) this.#send(node, to, packet);
      },
      listen: (receive) => {
        if (receive === null) this.#receivers.delete(node);
        else this.#receivers.set(node, (packet) => void (life.isDead || receive(packet)));
      },
    };
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  healLinks(): void {
    this.#cut.clear();
  }

  #send(from: string, to: string, packet: readonly Envelope[]): void {
    const { networkMsMax, lossRate } = this.plan;
    const rate = this.isHealed ? 0 : lossRate;
    if (this.#cut.has(`${from}>${to}`) || this.random.chance(rate)) return;
    for (let copies = this.random.chance(rate) ? 2 : 1; copies > 0; copies -= 1) {
      const delayMs = 1 + this.random.below(this.random.chance(rate) ? 500 : networkMsMax);
      this.clock.after(delayMs, () => this.#receivers.get(to)?.(packet));
    }
  }

  get #dueMs(): number {
    return this.clock.nextTimerMs() ?? Number.POSITIVE_INFINITY;
  }

  async #settle(): Promise<void> {
    this.moments += 1;
    await this.#with.drain();
    if (this.#violation !== null) throw this.#violation;
  }
}
