import { type MemberId, membersOf, type Term } from '@commitlog/raft';
import type { ReplicatedLog } from '@commitlog/replicated-log';
import type { Clock } from '@commitlog/runtime';
import type { Logger } from '../observability/logger.js';
import { type ClusterView, type ReconcileSettings, reconcile } from '../voters/reconcile.js';
import { type ClusterState, decodeClusterState, encodeClusterState } from './cluster-state.js';
import type { Roster } from './roster.js';
import type { Wakeup } from './wakeup.js';

export interface ReconcilerInit extends ReconcileSettings {
  /** How often it is looked, if nothing happens. */
  readonly everyMs: number;
  /** What a cluster that was just founded agrees on. */
  readonly founding: Omit<ClusterState, 'removed'>;
}

export interface ReconcilerComponents {
  readonly log: Pick<ReplicatedLog, 'member' | 'metadata' | 'changeMetadata' | 'confirm'>;
  readonly roster: Pick<Roster, 'refresh' | 'known'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rung when gossip has news, or the leader changes. */
  readonly wakeup: Wakeup;
}

/**
 * Makes the members those that there should be, where this node leads: on a timer, on news, on election. It acts on how things are, never
 * on what has happened, so that whatever it misses it finds the next time.
 */
export class Reconciler {
  readonly #init: ReconcilerInit;
  readonly #with: ReconcilerComponents;
  readonly #stopped = new AbortController();
  readonly #caughtUpSinceMs: Map<MemberId, number> = new Map();
  /** The reign of which this node has everything that was committed before it. */
  #confirmedTerm: Term = 0;
  #isStarted = false;

  constructor(init: ReconcilerInit, components: ReconcilerComponents) {
    this.#init = init;
    this.#with = components;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#run();
  }

  /** Begins nothing any more. A change that is under way may still come to be: whoever leads finishes it. */
  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        if (await this.#pass()) continue;
      } catch (error) {
        if (!signal.aborted) this.#with.logger.warn({ error }, 'the members could not be looked after: trying again');
      }
      await this.#with.wakeup.next(this.#init.everyMs, signal);
    }
  }

  /** @returns whether something was changed: then it is looked again at once */
  async #pass(): Promise<boolean> {
    const { log, roster, logger } = this.#with;
    if (!log.member.isLeader) {
      this.#caughtUpSinceMs.clear();
      return false;
    }
    const { term } = log.member.status;
    if (this.#confirmedTerm !== term) {
      this.#caughtUpSinceMs.clear();
      await log.confirm();
      this.#confirmedTerm = term;
    }
    const state = await this.#agreed();
    await roster.refresh();
    const view = this.#view(state);
    const change = reconcile(view, this.#init);
    if (change === undefined || this.#stopped.signal.aborted) return false;
    const { index } = log.member.status.configuration;
    const { voters, learners } = change.wanted;
    logger.info({ voters, learners }, `members change: ${change.why}`);
    const outcome = await log.member.changeMembers(index, voters, learners);
    if (outcome.kind === 'committed') return true;
    logger.info({ outcome }, 'the members did not change: looking again');
    return false;
  }

  /** What the cluster has agreed on; its founder says it first. */
  async #agreed(): Promise<ClusterState> {
    const { log } = this.#with;
    const state = decodeClusterState(log.metadata);
    if (state !== undefined) return state;
    const first = encodeClusterState({ ...this.#init.founding, removed: new Set() });
    await log.changeMetadata((current) => current || first);
    return decodeClusterState(log.metadata)!;
  }

  #view({ targetVoters, removed }: ClusterState): ClusterView {
    const { log, roster, clock } = this.#with;
    const nowMs = clock.monotonicMs();
    const { self, configuration, members } = log.member.status;
    const current = membersOf(configuration.configuration);
    for (const { member, isCaughtUp } of members) {
      if (!isCaughtUp) this.#caughtUpSinceMs.delete(member);
      else if (!this.#caughtUpSinceMs.has(member)) this.#caughtUpSinceMs.set(member, nowMs);
    }
    for (const member of this.#caughtUpSinceMs.keys()) if (!current.has(member)) this.#caughtUpSinceMs.delete(member);
    return {
      nowMs,
      self,
      configuration: configuration.configuration,
      targetVoters,
      nodes: roster.known(),
      removed,
      caughtUpSinceMs: this.#caughtUpSinceMs,
    };
  }
}
