import type { Incarnation } from './incarnation.js';

/** How long suspicions last, given how many members there are. */
export interface SuspicionTimes {
  readonly minMs: number;
  readonly maxMs: number;
  /** K: how many others must confirm until it lasts no longer than `minMs`. */
  readonly confirmationsMax: number;
  /** How long an answer to the last call is waited for; part of the times above. */
  readonly lastCallMs: number;
}

export interface SuspicionSettings {
  readonly suspicionMult: number;
  readonly suspicionMaxTimeoutMult: number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly isLifeguardOn: boolean;
}

/** @param members alive or suspect, this one included */
export function suspicionTimes(settings: SuspicionSettings, members: number): SuspicionTimes {
  const { suspicionMult, suspicionMaxTimeoutMult, probeIntervalMs, probeTimeoutMs, isLifeguardOn } = settings;
  const minMs = suspicionMult * Math.max(1, Math.log10(members)) * probeIntervalMs;
  // Whoever suspects and whoever is suspected confirm nothing. Where too few are left, waiting for them is waiting for nothing.
  const confirmationsMax = members - 2 < suspicionMult - 2 ? 0 : suspicionMult - 2;
  const isShrinking = isLifeguardOn && confirmationsMax > 0;
  return {
    minMs,
    maxMs: isShrinking ? minMs * suspicionMaxTimeoutMult : minMs,
    confirmationsMax: isShrinking ? confirmationsMax : 0,
    lastCallMs: probeTimeoutMs,
  };
}

/**
 * One suspicion, as one member holds it. It starts long, and shrinks with each other member that independently came to the same (Lifeguard
 * §IV-B): a suspicion that nobody shares says more about who holds it than about its target.
 */
export class Suspicion {
  readonly incarnation: Incarnation;
  readonly #startedMs: number;
  readonly #times: SuspicionTimes;
  readonly #confirmedBy: Set<string> = new Set();
  /** Who came to it first, of those of whom this member heard. */
  readonly from: string;
  /** Whether it was given more time because this member stood still. */
  hasWaited = false;
  #contradictedMs: number = Number.NEGATIVE_INFINITY;
  #calledMs: number = Number.NEGATIVE_INFINITY;

  constructor(claim: { incarnation: Incarnation; from: string }, times: SuspicionTimes, startedMs: number) {
    this.incarnation = claim.incarnation;
    this.from = claim.from;
    this.#times = times;
    this.#startedMs = startedMs;
  }

  get confirmations(): number {
    return this.#confirmedBy.size;
  }

  /** Whether this is news: another who suspects, and of whom it was not known. */
  confirm(from: string): boolean {
    if (this.#confirmedBy.size >= this.#times.confirmationsMax) return false;
    if (from === this.from || this.#confirmedBy.has(from)) return false;
    this.#confirmedBy.add(from);
    return true;
  }

  /** The target itself says that it is at a higher incarnation: what it says there is still to be heard. */
  contradict(nowMs: number): void {
    this.#contradictedMs = nowMs;
    this.#calledMs = Number.NEGATIVE_INFINITY;
  }

  /** Whoever knows better was called upon to say so. */
  callLast(nowMs: number): void {
    this.#calledMs = nowMs;
  }

  get isLastCalled(): boolean {
    return this.#calledMs > Number.NEGATIVE_INFINITY;
  }

  /**
   * When its target counts as failed: never before it had time to say more, where it did contradict, and never before there was time to
   * answer the last call.
   */
  get deadlineMs(): number {
    const { minMs, lastCallMs } = this.#times;
    return Math.max(this.#claimDeadlineMs, this.#contradictedMs + minMs, this.#calledMs + lastCallMs);
  }

  /** When there is something to do: the last call, in time, and then the end. */
  get dueMs(): number {
    return this.isLastCalled ? this.deadlineMs : this.deadlineMs - this.#times.lastCallMs;
  }

  get #claimDeadlineMs(): number {
    const { minMs, maxMs, confirmationsMax } = this.#times;
    if (confirmationsMax === 0) return this.#startedMs + minMs;
    const share = Math.log(this.#confirmedBy.size + 1) / Math.log(confirmationsMax + 1);
    return this.#startedMs + Math.max(minMs, maxMs - share * (maxMs - minMs));
  }
}
