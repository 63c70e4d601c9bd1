import { Buffer } from 'node:buffer';
import type { Commitlog } from '@commitlog/client';
import type { Clock } from '@commitlog/runtime';
import { pause, requireGoing } from '../pause.js';
import type { Acknowledged } from './count.js';

/** So many appends are under way at any time. */
export const inFlight = 16;
/** So many are acknowledged before the leader dies, and as many again by the next one. */
const acknowledgedEach = 500;
const lookAgainMs = 1;

export interface Failover {
  readonly acknowledged: readonly Acknowledged[];
  /** The longest time without an acknowledgement, from the last one before the kill on. */
  readonly pausedMs: number;
}

/**
 * Appends without a break while somebody ends the leader, until the next one has acknowledged enough.
 *
 * @param killLeader resolves when it has ended
 * @throws CommandError `interrupted`; CommitlogError when an append is not acknowledged within the client's deadline
 */
export async function appendThrough(
  log: Commitlog,
  { killLeader, clock, signal }: { killLeader: () => Promise<void>; clock: Clock; signal: AbortSignal },
): Promise<Failover> {
  const acknowledged: Acknowledged[] = [];
  const pauses = new Pauses(clock);
  let [next, term, byNextLeader, hasEnded] = [0, 0, 0, false];
  const appendOneByOne = async (): Promise<void> => {
    while (!hasEnded) {
      next += 1;
      const value = Buffer.from(`record ${next}, appended while the leader dies`);
      const appended = await log.append(value, { signal });
      acknowledged.push({ value, offset: appended.offset });
      pauses.acknowledged();
      if (pauses.isWatching && appended.term > term) byNextLeader += 1;
      if (!pauses.isWatching) term = appended.term;
    }
  };
  const appending = Promise.all(Array.from({ length: inFlight }, appendOneByOne));
  const until = async (isReached: () => boolean): Promise<void> => {
    while (!isReached() && !hasEnded) await pause(lookAgainMs, clock, signal);
  };
  // What ends one of them ends the wait for all.
  appending.catch(() => {
    hasEnded = true;
  });
  try {
    await until(() => acknowledged.length >= acknowledgedEach);
    pauses.watch();
    await killLeader();
    await until(() => byNextLeader >= acknowledgedEach);
    hasEnded = true;
    await appending;
    return { acknowledged, pausedMs: pauses.longestMs };
  } catch (error) {
    hasEnded = true;
    requireGoing(signal);
    throw error;
  }
}

/** How long nothing was acknowledged. */
class Pauses {
  readonly #clock: Clock;
  #lastMs: number;
  #longestMs = 0;
  #isWatching = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMs = clock.monotonicMs();
  }

  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Of those that have ended since it was watched. */
  get longestMs(): number {
    return this.#longestMs;
  }

  watch(): void {
    this.#isWatching = true;
  }

  acknowledged(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isWatching) this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}
