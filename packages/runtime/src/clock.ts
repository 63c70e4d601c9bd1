/** Time, and being woken by it. One interface, so that a simulation moves all of it at once. */
export interface Clock {
  /**
   * Milliseconds since an arbitrary start, with fractions. Never goes back, and knows nothing of the calendar: the clock
   * for timeouts and leases.
   */
  monotonicMs(): number;

  /**
   * Whole milliseconds since 1970-01-01T00:00:00Z. Jumps in either direction whenever somebody sets the machine's clock: only
   * for what people read, never to decide an order.
   */
  wallMs(): number;

  /**
   * Calls back once, `delayMs` from now or later, never before this call has returned.
   *
   * @param delayMs 0 to 2^31−1 milliseconds; a longer wait is refused with a `RangeError`
   */
  after(delayMs: number, callback: () => void): Timer;
}

/** One wake-up that is still to come. */
export interface Timer {
  /** Forgets the callback. After it ran, or a second time, this does nothing. */
  cancel(): void;
}
