interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * What is going to happen, and when. Time stands still while an event runs and jumps to the next one, so an hour costs as
 * long as its events. Events of the same moment run in the order in which they were scheduled: a run is one sequence.
 */
export class EventQueue {
  nowMs = 0;
  #heap: Scheduled[] = [];
  #scheduled = 0;
  #ran = 0;

  /** How many events have run. */
  get ran(): number {
    return this.#ran;
  }

  /** @param delayMs 0 or more */
  after(delayMs: number, run: () => void): void {
    if (!(delayMs >= 0)) throw new RangeError(`an event cannot be ${delayMs} ms from now`);
    this.#scheduled += 1;
    this.#push({ atMs: this.nowMs + delayMs, order: this.#scheduled, run });
  }

  /** Runs the next event, if there is one up to `untilMs`; else moves time there. Returns whether an event ran. */
  runNext(untilMs: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.#pop();
    this.nowMs = next.atMs;
    this.#ran += 1;
    next.run();
    return true;
  }

  /** Runs everything up to `untilMs`. */
  runUntil(untilMs: number): void {
    while (this.runNext(untilMs)) {}
  }

  /** Runs until `isDone` holds or `untilMs` has come. Returns whether it held. */
  runUntilDone(untilMs: number, isDone: () => boolean): boolean {
    while (!isDone()) if (!this.runNext(untilMs)) return isDone();
    return true;
  }

  #push(event: Scheduled): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Scheduled, other: Scheduled): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
