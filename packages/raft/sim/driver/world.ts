import { SeededRandom, SimulatedClock } from '@commitlog/simulation';
import type { Envelope } from '../../src/index.js';
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

/** Virtual time, a network that loses, doubles and delays, and all that must not be forgotten: the first violation. */
export class World {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly plan: Plan;
  readonly random: SeededRandom;
  readonly away: Set<string> = new Set();
  isLossy = true;
  /** Moments at which something happened. */
  moments = 0;
  violation: Violation | null = null;
  readonly #with: WorldComponents;
  readonly #receivers: Map<string, Receive> = new Map();

  constructor(seed: string, plan: Plan, components: WorldComponents) {
    this.plan = plan;
    this.random = new SeededRandom(`raft-driver ${seed}`).fork('world');
    this.#with = components;
  }

  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  trace(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#with.trace({ atMs: this.nowMs, event, ...fields });
  }

  /** Noted where it happens, even within a callback of the driver; thrown as soon as the run is back in control. */
  violated(invariant: string, what: string): void {
    this.violation ??= new Violation(invariant, what);
  }

  /** Lets time pass; whatever falls due together settles before the next moment comes. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await this.#settle();
    for (
      let dueMs = this.clock.nextTimerMs();
      dueMs !== undefined && dueMs <= untilMs;
      dueMs = this.clock.nextTimerMs()
    ) {
      this.clock.advanceTo(dueMs);
      await this.#settle();
    }
    this.clock.advanceTo(untilMs);
  }

  async until(isDone: () => boolean, withinMs: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < withinMs && !isDone(); waitedMs += 10) await this.pass(10);
    return isDone();
  }

  /** Up to `msMax`, in whole milliseconds: what falls due together happens together. A process that has died waits for ever. */
  wait(msMax: number, life: Mortal): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(this.random.below(msMax + 1), () => {
        if (!life.isDead) resolve();
      });
    });
  }

  listen(node: string, receive: Receive | null): void {
    if (receive === null) this.#receivers.delete(node);
    else this.#receivers.set(node, receive);
  }

  send(from: string, to: string, packet: readonly Envelope[]): void {
    if (this.away.has(from) || this.away.has(to) || (this.isLossy && this.random.chance(0.04))) return;
    for (let copies = this.isLossy && this.random.chance(0.04) ? 2 : 1; copies > 0; copies--) {
      const delayMs = 1 + this.random.below(this.isLossy && this.random.chance(0.02) ? 500 : this.plan.networkMsMax);
      this.clock.after(delayMs, () => {
        if (!this.away.has(to)) this.#receivers.get(to)?.(packet);
      });
    }
  }

  async #settle(): Promise<void> {
    this.moments += 1;
    await this.#with.drain();
    if (this.violation !== null) throw this.violation;
  }
}
