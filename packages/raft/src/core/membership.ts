import { broadcastAppend } from './appends.js';
import {
  encodeConfiguration,
  enterChange,
  isJoint,
  isVoter,
  leaveChange,
  type Membership,
  membershipProblem,
} from './configuration.js';
import type { RefusalReason } from './effect.js';
import type { Index } from './entry.js';
import type { MemberId } from './member.js';
import type { Raft } from './raft.js';
import { refuse } from './refusal.js';
import { syncProgress } from './roles.js';
import { handOver } from './transfer.js';

/** Changes the members, any of them in one step (§6). Voters change by way of a joint configuration. */
export function proposeMembership(raft: Raft, expects: Index, wanted: Membership): void {
  const reason = whyNot(raft, expects, wanted);
  if (reason !== null) {
    refuse(raft, reason);
    return;
  }
  const next = enterChange(raft.configuration, wanted);
  const entry = raft.appendOwn('configuration', encodeConfiguration(next));
  raft.outbox.add({ kind: 'appended', first: entry.index, last: entry.index, term: raft.term });
  syncProgress(raft);
  broadcastAppend(raft);
}

function whyNot(raft: Raft, expects: Index, wanted: Membership): RefusalReason | null {
  if (!raft.isLeader) return 'not-leader';
  if (raft.transfer !== null) return 'transferring';
  // Before an entry of its own term is committed, a leader may not know of a change that an earlier one has committed
  // elsewhere, and the quorums of the two need not meet (raft-dev, July 2015).
  if (raft.commitIndex < raft.reignStart) return 'not-ready';
  const { index, configuration } = raft.configurations.current;
  if (index > raft.commitIndex || isJoint(configuration)) return 'change-in-progress';
  if (expects !== index) return 'unexpected-configuration';
  if (membershipProblem(wanted) !== null) return 'invalid-membership';
  const isReady = wanted.voters.every((voter) => isVoter(configuration, voter) || isCaughtUp(raft, voter));
  return isReady ? null : 'not-caught-up';
}

/** A new voter that still lacks most of the log would stop commits while it catches up (thesis §4.2.1): it learns first. */
export function isCaughtUp(raft: Raft, member: MemberId): boolean {
  const progress = raft.progress.get(member);
  if (progress === undefined) return false;
  const { electionTimeoutMs } = raft.settings;
  return progress.isKeepingUp(raft.nowMs, electionTimeoutMs) && raft.nowMs - progress.heardAtMs < electionTimeoutMs;
}

/**
 * After commit has moved: a committed joint configuration is left for the new one, by whoever leads now; and a leader that is no
 * voter in a committed configuration has done its duty and steps down (§6).
 */
export function maybeFinishChange(raft: Raft): void {
  const { index, configuration } = raft.configurations.current;
  if (index > raft.commitIndex) return;
  if (isJoint(configuration)) {
    raft.appendOwn('configuration', encodeConfiguration(leaveChange(configuration)));
    syncProgress(raft);
    broadcastAppend(raft);
  } else if (!isVoter(configuration, raft.self)) {
    for (const [member, progress] of raft.progress) {
      if (member === raft.self) continue;
      const commit = Math.min(progress.match, raft.commitIndex);
      raft.send({ kind: 'commit-notice', term: raft.term, commit }, member);
    }
    handOver(raft, 'is no voter any more');
  }
}
