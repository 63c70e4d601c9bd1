import type { MembershipEvent } from '../core/index.js';

/**
 * What happens from now on, for one reader at its own pace. A reader that falls far behind misses what a member went through on its way, never
 * how it stands in the end: so its memory is bounded, and the reader's picture is right as soon as it has caught up.
 */
export class EventStream implements AsyncIterableIterator<MembershipEvent> {
  readonly #onClose: (stream: EventStream) => void;
  readonly #waitingMax: number;
  #waiting: MembershipEvent[] = [];
  #wakes: (() => void)[] = [];
  #isClosed = false;

  /** @param waitingMax events kept for a reader that is behind, above that only the newest of each member, and of those no more either */
  constructor(waitingMax: number, onClose: (stream: EventStream) => void) {
    this.#waitingMax = waitingMax;
    this.#onClose = onClose;
  }

  push(event: MembershipEvent): void {
    if (this.#isClosed) return;
    this.#waiting.push(event);
    if (this.#waiting.length > this.#waitingMax) this.#waiting = newestOfEach(this.#waiting).slice(-this.#waitingMax);
    for (const wake of this.#wakes.splice(0)) wake();
  }

  /** Nothing more comes; what waits can still be read. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose(this);
    for (const wake of this.#wakes.splice(0)) wake();
  }

  async next(): Promise<IteratorResult<MembershipEvent, undefined>> {
    while (this.#waiting.length === 0 && !this.#isClosed) {
      await new Promise<void>((wake) => this.#wakes.push(wake));
    }
    const event = this.#waiting.shift();
    return event === undefined ? { done: true, value: undefined } : { done: false, value: event };
  }

  /** The reader left its loop. */
  async return(): Promise<IteratorResult<MembershipEvent, undefined>> {
    this.#waiting = [];
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function newestOfEach(events: readonly MembershipEvent[]): MembershipEvent[] {
  const newest = new Map<string, MembershipEvent>();
  for (const event of events) {
    newest.delete(event.member.name);
    newest.set(event.member.name, event);
  }
  return [...newest.values()];
}
