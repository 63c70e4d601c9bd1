import { inspect } from 'node:util';
import { type Cursor, type Log, LogError } from '@commitlog/log';
import type { Index, RaftGroup } from '@commitlog/raft';
import type { Clock, Timer } from '@commitlog/runtime';
import { ReplicatedLogError } from './errors.js';
import type { LogState } from './log-state.js';

/** How a log is read through for damage that nobody has met yet. */
export interface ScrubSettings {
  /** The most bytes of the log that are read in a second, 0 up; 0 turns it off. */
  readonly bytesPerSecond: number;
  /** How long after a round the next begins, in ms, 1 up: a week unless told. The first begins within a minute. */
  readonly everyMs?: number;
}

/** What has been looked at since this member was opened. */
export interface ScrubProgress {
  /** Bytes of batches that were whole. */
  readonly bytes: number;
  /** How often all that was to be looked at has been. */
  readonly rounds: number;
  /** Batches that could not be read. One that is still damaged in the next round counts again. */
  readonly damagedBatches: number;
}

/** Something that kept a part of the log from being looked at, and is no damage: to be logged and counted. */
export interface ScrubProblem {
  readonly group: string;
  readonly kind: 'scrub-failed';
  readonly error: unknown;
}

export interface ScrubComponents {
  readonly log: Log;
  readonly state: LogState;
  readonly group: Pick<RaftGroup, 'id'>;
  readonly clock: Clock;
  /** Has what is known to be damaged fetched from others. Returns whether all of it was named: there is a limit to what is at once. */
  readonly reportDamage: () => boolean;
  readonly onProblem: (problem: ScrubProblem) => void;
}

const everyMsDefault = 7 * 24 * 60 * 60 * 1000;
/** Whoever starts has better things to do, and perhaps much to catch up with. */
const firstMsMax = 60_000;
/** What is read and checksummed in one go, unless one batch alone is longer: a fraction of a millisecond's work. */
const chunkBytes = 256 * 1024;
/** How long it waits where more is damaged than can be named at once. */
const mendingMs = 1000;
/** A clock takes no delay of more than 2^31−1 ms. */
const pauseMsMax = 2 ** 30;

/**
 * Reads the sealed segments through, oldest first, slowly and again and again, as far as they are committed: bytes decay, and what decays
 * where nobody reads would be found when the other replicas have decayed, too. Damage is handled as if a reader had met it.
 */
export class Scrub {
  readonly #bytesPerSecond: number;
  readonly #everyMs: number;
  readonly #with: ScrubComponents;
  #running: Promise<void> | undefined;
  #progress: ScrubProgress = { bytes: 0, rounds: 0, damagedBatches: 0 };
  /** Where more is damaged than could be named at once. */
  #stuckAt: Index | undefined;
  #isStopped = false;
  #wake: () => void = () => {};

  /** @throws ReplicatedLogError `invalid` for settings out of their range */
  constructor({ bytesPerSecond, everyMs = everyMsDefault }: ScrubSettings, components: ScrubComponents) {
    requireNumber('bytesPerSecond', bytesPerSecond, 0);
    requireNumber('everyMs', everyMs, 1);
    this.#bytesPerSecond = bytesPerSecond;
    this.#everyMs = everyMs;
    this.#with = components;
  }

  start(): void {
    if (this.#bytesPerSecond > 0) this.#running ??= this.#run();
  }

  get progress(): ScrubProgress {
    return this.#progress;
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    await this.#pause(Math.min(firstMsMax, this.#everyMs));
    while (!this.#isStopped) {
      await this.#round();
      await this.#pause(this.#everyMs);
    }
  }

  async #round(): Promise<void> {
    const { log, state } = this.#with;
    const last = Math.min(log.segments.at(-1)!.base.index, state.applied.index);
    let next: Cursor = { index: 0 };
    for (;;) {
      // What is trimmed meanwhile need not be readable.
      if (next.index <= log.start.index) next = { index: log.start.index + 1 };
      if (this.#isStopped) return;
      if (next.index > last) break;
      next = await this.#step(next, last);
    }
    this.#count({ rounds: 1 });
  }

  /** @returns where to go on */
  async #step(from: Cursor, last: Index): Promise<Cursor> {
    try {
      const { bytes, next } = await this.#with.log.read({ from, maxBytes: chunkBytes, throughIndex: last });
      this.#count({ bytes: bytes.length });
      await this.#pause((bytes.length * 1000) / this.#bytesPerSecond);
      return next;
    } catch (error) {
      if (this.#isStopped) return from;
      const index = this.#behind(from.index, last, error);
      await this.#pause(index === from.index ? mendingMs : (chunkBytes * 1000) / this.#bytesPerSecond);
      return { index };
    }
  }

  /** Where to go on behind a batch that could not be read. */
  #behind(index: Index, last: Index, error: unknown): Index {
    const { log, group, reportDamage, onProblem } = this.#with;
    if (error instanceof LogError && error.damage !== undefined) {
      const { lastIndex } = error.damage;
      if (this.#stuckAt !== index) this.#count({ damagedBatches: lastIndex - index + 1 });
      const isAllNamed = reportDamage();
      this.#stuckAt = isAllNamed ? undefined : index;
      return isAllNamed ? lastIndex + 1 : index;
    }
    // It was trimmed, or a snapshot took the log's place, while it was read.
    if (error instanceof LogError && error.code === 'out-of-range') return Math.max(index, log.start.index) + 1;
    onProblem({ group: group.id, kind: 'scrub-failed', error });
    return (log.segments.find(({ end }) => end.index >= index)?.end.index ?? last) + 1;
  }

  #count(more: Partial<ScrubProgress>): void {
    const { bytes, rounds, damagedBatches } = this.#progress;
    this.#progress = {
      bytes: bytes + (more.bytes ?? 0),
      rounds: rounds + (more.rounds ?? 0),
      damagedBatches: damagedBatches + (more.damagedBatches ?? 0),
    };
  }

  async #pause(ms: number): Promise<void> {
    for (let left = ms; left > 0 && !this.#isStopped; left -= pauseMsMax) {
      await new Promise<void>((resolve) => {
        const timer: Timer = this.#with.clock.after(Math.min(left, pauseMsMax), resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
    }
  }
}

function requireNumber(name: string, value: number, min: number): void {
  if (Number.isFinite(value) && value >= min) return;
  throw new ReplicatedLogError('invalid', `scrub.${name}: expected a number from ${min} up, got ${inspect(value)}`);
}
