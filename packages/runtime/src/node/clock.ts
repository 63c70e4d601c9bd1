import type { Clock } from '../clock.js';

/** The longest delay that `setTimeout` takes: anything above fires at once. */
const delayMsMax = 2 ** 31 - 1;

/** Time from this machine. A pending timer does not keep the process alive. */
export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    if (!(delayMs >= 0 && delayMs <= delayMsMax)) {
      throw new RangeError(`a delay must be from 0 to ${delayMsMax} ms, got ${delayMs}`);
    }
    // Node counts in whole milliseconds and rounds down, so that its timers are up to one early.
    const timeout = setTimeout(callback, Math.min(Math.ceil(delayMs) + 1, delayMsMax)).unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
