import { setTimeout as after } from 'node:timers';
import type { Clock } from '@commitlog/runtime';
import { nodeClock } from '@commitlog/runtime/node';

/**
 * Time from this machine. What somebody waits for keeps the process alive: a program whose last act is an append to a cluster that is down hears of it
 * rather than ending.
 */
export const callerClock: Clock = {
  monotonicMs: () => nodeClock.monotonicMs(),
  wallMs: () => nodeClock.wallMs(),
  after(delayMs, callback) {
    // Node counts in whole milliseconds and rounds down.
    const timer = after(callback, Math.min(Math.ceil(delayMs), 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
};
