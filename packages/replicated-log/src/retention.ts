import { type Log, type LogPosition, type RetentionPolicy, retentionStart } from '@commitlog/log';
import type { ProblemSink, RaftGroup } from '@commitlog/raft';
import type { Clock, Timer } from '@commitlog/runtime';
import type { LogState } from './log-state.js';

export interface RetentionComponents {
  readonly log: Log;
  readonly state: LogState;
  readonly group: RaftGroup;
  readonly clock: Clock;
  /** Moves the logical start, on every member. */
  readonly trim: (start: LogPosition) => Promise<void>;
  readonly onProblem: ProblemSink;
}

/** How often it is looked whether something is to go, unless told otherwise. */
const checkMsDefault = 60_000;

/**
 * What is to go is the leader's to decide, whole segments at a time, by its settings and its clock; the others are told by the log. What
 * is gone is not served from the moment the word of it is applied; its segments are dropped when that can be done.
 */
export class Retention {
  readonly #policy: RetentionPolicy;
  readonly #checkMs: number;
  readonly #with: RetentionComponents;
  #timer: Timer | undefined;
  #isDropping = false;
  #isStopped = false;

  constructor({ checkMs = checkMsDefault, ...policy }: RetentionSettings, components: RetentionComponents) {
    // Refuses what makes no sense now, and not when something is to be deleted.
    retentionStart(components.log.segments, policy, 0);
    this.#policy = policy;
    this.#checkMs = checkMs;
    this.#with = components;
    this.#arm();
  }

  /** The logical start may have moved: the log forgets what is before it. */
  drop(): void {
    const { log, state, group, onProblem } = this.#with;
    if (this.#isDropping || this.#isStopped || log.start.index >= state.start.index) return;
    this.#isDropping = true;
    group
      .snapshot()
      // What was not dropped now, the next check tries again.
      .catch((error: unknown) => this.#isStopped || onProblem({ group: group.id, kind: 'snapshot-failed', error }))
      .finally(() => {
        this.#isDropping = false;
      });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#with.clock.after(this.#checkMs, () => {
      void this.#check().finally(() => {
        if (!this.#isStopped) this.#arm();
      });
    });
  }

  async #check(): Promise<void> {
    this.drop();
    const start = this.#decided();
    if (start === undefined) return;
    // Leadership may be gone meanwhile: whoever leads decides anew.
    await this.#with.trim(start).catch(() => {});
  }

  /** Where the log is to start from now on, if that is further on than it does. */
  #decided(): LogPosition | undefined {
    const { log, state, group, clock } = this.#with;
    if (!group.isLeader) return undefined;
    const { segments } = log;
    const last = Math.min(retentionStart(segments, this.#policy, clock.wallMs()) - 1, state.applied.index);
    const base = segments.findLast((segment) => segment.base.index <= last)?.base;
    return base !== undefined && base.index > state.start.index ? base : undefined;
  }
}

/** What is kept; see `RetentionPolicy`. All members need not have the same, but those that may lead should. */
export interface RetentionSettings extends RetentionPolicy {
  /** How often it is looked whether something is to go, in ms: 60,000 unless told. */
  readonly checkMs?: number;
}
