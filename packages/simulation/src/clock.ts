import type { Clock, Timer } from '@commitlog/runtime';

export interface SimulatedClockInit {
  /** What the calendar says at the start, in ms since 1970; 2024-01-01 by default. */
  readonly wallMs?: number;
}

/**
 * Time that stands still until told to move. Timers run in the order they fall due, those due together in the order they
 * were made; each sees the very moment it was due.
 */
export class SimulatedClock implements Clock {
  readonly #timers: TimerHeap = new TimerHeap();
  #nowMs = 0;
  /** What the calendar is ahead of the monotonic clock. */
  #wallAheadMs: number;
  #timerCount = 0;

  constructor({ wallMs = Date.UTC(2024, 0, 1) }: SimulatedClockInit = {}) {
    this.#wallAheadMs = wallMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Math.floor(this.#nowMs + this.#wallAheadMs);
  }

  after(delayMs: number, callback: () => void): Timer {
    if (!(delayMs >= 0 && delayMs <= delayMsMax)) {
      throw new RangeError(`a delay must be from 0 to ${delayMsMax} ms, got ${delayMs}`);
    }
    const timer = new SimulatedTimer(this.#nowMs + delayMs, this.#timerCount++, callback);
    this.#timers.add(timer);
    return timer;
  }

  /** When the next timer falls due, by the monotonic clock. */
  nextTimerMs(): number | undefined {
    return this.#timers.first()?.dueMs;
  }

  /** Moves to the next timer and runs it alone; says whether there was one. */
  runNext(): boolean {
    const timer = this.#timers.takeFirst();
    if (timer === undefined) return false;
    this.#nowMs = timer.dueMs;
    timer.run();
    return true;
  }

  /** Lets `ms` pass, and runs what falls due, timers that are made meanwhile too. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }

  /**
   * Lets time pass until the monotonic clock says `monotonicMs`.
   *
   * @throws RangeError when that is in the past
   */
  advanceTo(monotonicMs: number): void {
    if (!(monotonicMs >= this.#nowMs)) {
      throw new RangeError(`it is ${this.#nowMs} ms already: a clock cannot go back to ${monotonicMs} ms`);
    }
    for (let due = this.nextTimerMs(); due !== undefined && due <= monotonicMs; due = this.nextTimerMs())
      this.runNext();
    this.#nowMs = monotonicMs;
  }

  /** Sets the calendar, to any time at all; timers and the monotonic clock do not notice. */
  setWall(wallMs: number): void {
    this.#wallAheadMs = wallMs - this.#nowMs;
  }

  /** Puts the calendar forward, or back for a negative `ms`. */
  jumpWall(ms: number): void {
    this.#wallAheadMs += ms;
  }
}

/** What Node takes, and so what the interface allows. */
const delayMsMax = 2 ** 31 - 1;

class SimulatedTimer implements Timer {
  readonly dueMs: number;
  readonly number: number;
  #callback: (() => void) | undefined;

  constructor(dueMs: number, number: number, callback: () => void) {
    this.dueMs = dueMs;
    this.number = number;
    this.#callback = callback;
  }

  get isCancelled(): boolean {
    return this.#callback === undefined;
  }

  cancel(): void {
    this.#callback = undefined;
  }

  run(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  isBefore(other: SimulatedTimer): boolean {
    return this.dueMs === other.dueMs ? this.number < other.number : this.dueMs < other.dueMs;
  }
}

/** A binary heap; cancelled timers stay in it until they come first. */
class TimerHeap {
  readonly #timers: SimulatedTimer[] = [];

  add(timer: SimulatedTimer): void {
    let at = this.#timers.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!timer.isBefore(this.#timers[parent]!)) break;
      this.#timers[at] = this.#timers[parent]!;
      at = parent;
    }
    this.#timers[at] = timer;
  }

  first(): SimulatedTimer | undefined {
    while (this.#timers[0]?.isCancelled) this.#removeFirst();
    return this.#timers[0];
  }

  takeFirst(): SimulatedTimer | undefined {
    const first = this.first();
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const last = this.#timers.pop()!;
    const size = this.#timers.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#timers[child + 1]!.isBefore(this.#timers[child]!)) child++;
      if (!this.#timers[child]!.isBefore(last)) break;
      this.#timers[at] = this.#timers[child]!;
      at = child;
    }
    this.#timers[at] = last;
  }
}
