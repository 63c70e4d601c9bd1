import type { Effect, Input, MemberId, Term } from '../src/index.js';
import type { SimCluster } from './cluster.js';
import type { SimNode } from './node.js';
import { isHeldByQuorum } from './quorums.js';
import { Violation } from './violation.js';

/**
 * Watches how reads are confirmed. That a read was stale shows only when another leader has committed meanwhile, which is rare: this
 * demands of every confirmation that a quorum of the configuration in force has answered the leader's heartbeats since the read was
 * asked for.
 */
export function watchReads(cluster: SimCluster): void {
  /** By leader and term: when each member last answered a heartbeat. */
  const answered = new Map<string, Map<MemberId, number>>();
  /** By who was asked and the number of the question: when. */
  const asked = new Map<string, number>();
  const reign = (leader: MemberId, term: Term): string => `${leader} in ${term}`;

  const confirmed = (node: SimNode, question: string): void => {
    const core = node.core!;
    const since = asked.get(question);
    asked.delete(question);
    if (since === undefined) return;
    const answers = answered.get(reign(node.member, core.term));
    const isConfirmed = isHeldByQuorum(
      core.configuration.configuration,
      (member) => member === node.member || (answers?.get(member) ?? Number.NEGATIVE_INFINITY) >= since,
    );
    if (isConfirmed) return;
    throw new Violation(
      '9 linearizable reads',
      `${node.member} confirmed a read without a quorum of term ${core.term}`,
    );
  };

  const stepped = (node: SimNode, input: Input, effects: readonly Effect[]): void => {
    const core = node.core!;
    if (input.kind === 'read') asked.set(`${node.member} itself ${input.token}`, cluster.nowMs);
    else if (input.kind === 'message' && input.message.kind === 'read-request') {
      const { from, request } = input.message;
      const question = `${node.member} by ${from} ${request}`;
      if (!asked.has(question)) asked.set(question, cluster.nowMs);
    }
    for (const effect of effects) {
      if (effect.kind === 'read-ready' && core.isLeader) confirmed(node, `${node.member} itself ${effect.token}`);
      if (effect.kind !== 'send') continue;
      const { message } = effect;
      if (message.kind === 'heartbeat-ack') {
        const key = reign(message.to, message.term);
        const answers = answered.get(key) ?? new Map<MemberId, number>();
        answered.set(key, answers.set(node.member, cluster.nowMs));
      } else if (message.kind === 'read-answer') {
        confirmed(node, `${node.member} by ${message.to} ${message.request}`);
      }
    }
  };
  cluster.watchers.push(stepped);
}
