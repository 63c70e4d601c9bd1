import type { RefusalReason } from './effect.js';
import type { Raft } from './raft.js';

/** Tells the caller of a proposal why it is not taken, and who may take it. */
export function refuse(raft: Raft, reason: RefusalReason): void {
  const configurationIndex = raft.configurations.current.index;
  raft.outbox.add({ kind: 'refused', reason, leader: raft.leader, configurationIndex });
}
