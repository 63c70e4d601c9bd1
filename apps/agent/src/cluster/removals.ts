import { ApiError } from '@commitlog/api';
import { isJoint, membersOf, nodeOf } from '@commitlog/raft';
import type { ReplicatedLog } from '@commitlog/replicated-log';
import { type ClusterState, decodeClusterState, encodeClusterState, removedMax } from './cluster-state.js';
import type { Roster } from './roster.js';
import type { Wakeup } from './wakeup.js';

export interface RemovalsComponents {
  readonly log: Pick<ReplicatedLog, 'member' | 'metadata' | 'changeMetadata'>;
  readonly roster: Pick<Roster, 'known'>;
  readonly wakeup: Wakeup;
}

/** How often it is looked whether the change has come about, beside whenever something happens. */
const everyMs = 50;

/** Who is out, and stays out. It is said here, and brought about by the reconciler. Only the leader does either. */
export class Removals {
  readonly #with: RemovalsComponents;

  constructor(components: RemovalsComponents) {
    this.#with = components;
  }

  /** As far as this node knows. */
  get removed(): ReadonlySet<string> {
    return decodeClusterState(this.#with.log.metadata)?.removed ?? new Set();
  }

  /**
   * Takes a node out. Resolves when the configuration without it is committed.
   *
   * @throws ApiError `MEMBER_NOT_FOUND`, `FAILED_PRECONDITION` for the only voter, and where too many are out already; ReplicatedLogError as `changeMetadata` does; the signal's reason
   */
  async remove(node: string, signal: AbortSignal): Promise<void> {
    const { log, wakeup } = this.#with;
    if (!this.#isKnown(node)) {
      throw new ApiError('MEMBER_NOT_FOUND', `there is no node "${node}" in this cluster`, { metadata: { node } });
    }
    const { voters } = log.member.status.configuration.configuration;
    if (voters.every((voter) => nodeOf(voter) === node) && log.member.isLeader) {
      const message = `"${node}" is the only voter: nobody would be left to decide anything`;
      throw new ApiError('FAILED_PRECONDITION', message, { metadata: { node } });
    }
    await this.#change((removed) => removed.add(node));
    await wakeup.until(() => this.#isOut(node), { everyMs, signal });
  }

  /**
   * Lets a node back in. It becomes a learner as soon as it is there.
   *
   * @throws ApiError `MEMBER_EXISTS`, `MEMBER_NOT_FOUND`; ReplicatedLogError as `changeMetadata` does
   */
  async add(node: string): Promise<void> {
    if (!this.removed.has(node)) {
      const [code, message] = this.#isKnown(node)
        ? (['MEMBER_EXISTS', `"${node}" is in, or on its way`] as const)
        : (['MEMBER_NOT_FOUND', `"${node}" was not removed: start it with --join, and it comes by itself`] as const);
      throw new ApiError(code, message, { metadata: { node } });
    }
    await this.#change((removed) => removed.delete(node));
  }

  async #change(change: (removed: Set<string>) => void): Promise<void> {
    const { log, wakeup } = this.#with;
    await log.changeMetadata((current) => {
      const state: ClusterState | undefined = decodeClusterState(current);
      if (state === undefined) throw new ApiError('NO_LEADER', 'the cluster is being founded: try again');
      const removed = new Set(state.removed);
      change(removed);
      if (removed.size > removedMax) {
        const message = `${removedMax} nodes are out already: add those again that can come back no more, since their certificates are revoked`;
        throw new ApiError('FAILED_PRECONDITION', message, { metadata: { removed: removedMax } });
      }
      return encodeClusterState({ ...state, removed });
    });
    wakeup.ring();
  }

  #isKnown(node: string): boolean {
    const { log, roster } = this.#with;
    const members = membersOf(log.member.status.configuration.configuration);
    return this.removed.has(node) || roster.known().has(node) || [...members].some((member) => nodeOf(member) === node);
  }

  #isOut(node: string): boolean {
    const { configuration, commitIndex } = this.#with.log.member.status;
    const members = membersOf(configuration.configuration);
    const isIn = [...members].some((member) => nodeOf(member) === node);
    return !isIn && !isJoint(configuration.configuration) && configuration.index <= commitIndex;
  }
}
