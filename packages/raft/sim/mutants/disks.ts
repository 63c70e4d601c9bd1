import type { Mutant } from './mutant.js';

/** What is on disk, and when; snapshots; holes. */
export const disks: readonly Mutant[] = [
  {
    name: 'vote-before-durable',
    trap: 'a vote is given before it is on disk',
    patches: [
      {
        file: 'core/election.ts',
        find: "raft.sendDurable({ kind: 'vote-granted', term: raft.term }, message.from);",
        replace: "raft.send({ kind: 'vote-granted', term: raft.term } as never, message.from);",
      },
    ],
  },
  {
    name: 'request-vote-before-durable',
    trap: 'a candidate asks for votes before its own is on disk',
    patches: [
      {
        file: 'core/election.ts',
        find: "raft.sendDurable({ kind: 'request-vote'",
        replace: "(raft.send as any).call(raft, { kind: 'request-vote'",
      },
    ],
  },
  {
    name: 'acknowledge-before-durable',
    trap: 'an append is acknowledged before it is on disk',
    patches: [
      {
        file: 'core/acceptance.ts',
        find: "raft.sendDurable({ kind: 'append-accepted', term: raft.term, match }, leader);",
        replace: "raft.send({ kind: 'append-accepted', term: raft.term, match } as never, leader);",
      },
    ],
  },
  {
    name: 'leader-counts-itself-early',
    trap: 'a leader counts its own copy before its own disk has it (etcd 14370)',
    patches: [
      {
        file: 'core/replication.ts',
        find: '(voter) => raft.progress.get(voter)?.match ?? 0);',
        replace: '(voter) => (voter === raft.self ? raft.lastIndex : (raft.progress.get(voter)?.match ?? 0)));',
      },
    ],
  },
  {
    name: 'async-write-aba',
    trap: 'the completion of a write counts for the entries that took the place of what it wrote',
    patches: [
      {
        file: 'core/writes.ts',
        find: '      pending.covers = Math.min(pending.covers, from - 1);\n      pending.repairs',
        replace: '      pending.repairs',
      },
    ],
  },
  {
    name: 'term-not-persisted',
    trap: 'a new term is kept in memory only',
    patches: [
      {
        file: 'core/roles.ts',
        find: '  raft.vote = null;\n  raft.outbox.isHardStateDirty = true;',
        replace: '  raft.vote = null;',
      },
    ],
  },
  {
    name: 'vote-not-persisted',
    trap: 'a vote is said to be durable and is not written',
    patches: [
      {
        file: 'core/election.ts',
        find: '  if (raft.vote === null) raft.outbox.isHardStateDirty = true;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'snapshot-keeps-membership',
    trap: 'a snapshot leaves a stale configuration in force (openraft 1808)',
    patches: [{ file: 'core/snapshot.ts', find: '    raft.configurations.restore(placed);\n', replace: '' }],
  },
  {
    name: 'snapshot-keeps-suffix',
    trap: 'a snapshot leaves a conflicting suffix in the log (hashicorp/raft 697)',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'const isAgreeing = raft.terms.at(snapshot.index) === snapshot.term;',
        replace: 'const isAgreeing = raft.terms.at(snapshot.index) !== undefined;',
      },
    ],
  },
  {
    name: 'snapshot-chunks-mixed',
    trap: 'a doubled or late chunk is staged again',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'if (offset === staging.received) stagePart(raft, staging, message);',
        replace: 'if (offset >= 0) stagePart(raft, staging, { ...message, offset: staging.received });',
      },
    ],
  },
  {
    name: 'wiped-disk-votes',
    trap: 'members are told apart by node alone, so a node whose disk was wiped votes as if it remembered',
    patches: [
      {
        file: 'core/step.ts',
        find: 'message.to !== raft.self || message.from === raft.self',
        replace: 'message.from === raft.self',
      },
      {
        file: 'core/election.ts',
        find: "if (!raft.votes.has(message.from)) raft.votes.set(message.from, message.kind === 'vote-granted');",
        replace: `for (const voter of otherVoters(raft)) {
    if (voter.split('@')[0] === message.from.split('@')[0]) raft.votes.set(voter, message.kind === 'vote-granted');
  }`,
      },
      {
        file: 'core/election.ts',
        find: '  raft.votes.set(message.from, true);\n  maybeWin(raft);',
        replace: `  for (const voter of otherVoters(raft)) {
    if (voter.split('@')[0] === message.from.split('@')[0]) raft.votes.set(voter, true);
  }
  maybeWin(raft);`,
      },
    ],
  },
  {
    name: 'hole-acknowledged',
    trap: 'entries past an unreadable one are acknowledged',
    patches: [
      {
        file: 'core/acceptance.ts',
        find: 'Math.min(upTo, raft.holes.first - 1, writable)',
        replace: 'Math.min(upTo, writable)',
      },
    ],
  },
  {
    name: 'holed-member-campaigns',
    trap: 'a member that cannot read its log becomes leader',
    patches: [{ file: 'core/raft.ts', find: 'this.isNeeded && this.holes.size === 0 &&', replace: 'this.isNeeded &&' }],
  },
  {
    name: 'failed-write-keeps-leading',
    trap: 'a leader whose write failed goes on, and reuses the indexes (canonical/raft 320)',
    patches: [
      {
        file: 'core/durability.ts',
        find: "if (raft.isLeader) handOver(raft, 'a write failed');\n  else if (raft.role !== 'follower')",
        replace: "if (raft.role === 'candidate')",
      },
    ],
  },
  {
    name: 'failed-write-cuts-committed',
    trap: 'entries that are committed are cut because this disk could not take them',
    patches: [
      { file: 'core/durability.ts', find: 'Math.max(firstMissing, raft.commitIndex + 1)', replace: 'firstMissing' },
    ],
  },
  {
    name: 'hung-disk-keeps-leading',
    trap: 'a leader whose disk hangs keeps beating (hashicorp/raft 503)',
    patches: [
      {
        file: 'core/core.ts',
        find: "if (raft.isDiskStalled) handOver(raft, 'its disk stalls');\n  else checkQuorum(raft);",
        replace: 'checkQuorum(raft);',
      },
    ],
  },
  {
    name: 'full-disk-answers',
    trap: 'a member without space answers what it cannot take, and is sent a window for each answer',
    patches: [
      {
        file: 'core/acceptance.ts',
        find: '    // No space. Silence',
        replace: '    accept(raft, message.from, message.prevIndex);\n    // No space. Silence',
      },
      { file: 'core/replication.ts', find: ' && message.match >= progress.probeLast;', replace: ';' },
    ],
  },
  {
    name: 'snapshot-chunk-never-resent',
    trap: 'a lost chunk of a snapshot ends its transfer',
    patches: [
      {
        file: 'core/heartbeat.ts',
        find: 'maybeResendChunk(raft, message.from, progress);',
        replace: 'void maybeResendChunk;',
      },
    ],
  },
  {
    name: 'hint-ahead-of-disk',
    trap: 'the commit hint on disk speaks of entries that a crash can leave unwritten, and of others in their places',
    patches: [
      {
        file: 'core/raft.ts',
        find: 'commit: Math.min(this.commitIndex, this.writes.durableIndex)',
        replace: 'commit: this.commitIndex',
      },
    ],
  },
  {
    name: 'read-outlives-compaction',
    trap: 'entries that were read back are sent though the log has been compacted past them meanwhile',
    patches: [
      {
        file: 'core/appends.ts',
        find: 'if (isWanted && raft.terms.at(first.index - 1) !== undefined) {',
        replace: 'if (isWanted) {',
      },
    ],
  },
  {
    name: 'hung-disk-fed',
    trap: 'a follower whose disk hangs takes more and more into memory',
    patches: [
      { file: 'core/acceptance.ts', find: '  if (raft.isDiskStalled) return;\n', replace: '' },
      {
        file: 'core/heartbeat.ts',
        find: '    askFor(raft, member, progress, progress.next - 1);',
        replace: '    progress.inflight.clear();',
      },
      {
        file: 'core/heartbeat.ts',
        find: 'if (raft.nowMs - progress.probedAtMs < raft.settings.heartbeatMs / 2) return;',
        replace: '',
      },
    ],
  },
  {
    name: 'lost-hard-state-not-repeated',
    trap: 'a term that found no room on the disk is not written again',
    patches: [
      {
        file: 'core/durability.ts',
        find: 'if (lostHardState) raft.outbox.isHardStateDirty = true;',
        replace: 'void lostHardState;',
      },
    ],
  },
  {
    name: 'failed-sync-not-final',
    trap: 'goes on after a failed sync, and believes the next one (Rebello et al., ATC 2020)',
    patches: [{ file: 'core/durability.ts', find: 'if (isFatal || lostInstall) {', replace: 'if (lostInstall) {' }],
  },
  {
    name: 'installed-before-synced',
    trap: 'what a snapshot replaces counts as durable under the indexes that it stands for',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'raft.writes.truncate(raft.commitIndex + 1);',
        replace: 'raft.writes.truncate(snapshot.index + 1);',
      },
    ],
  },
  {
    name: 'install-behind-entries',
    trap: 'a snapshot is installed behind entries that may find no room, and is lost with them',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'if (raft.isLeader || raft.writes.isSpaceNeeded) return;',
        replace: 'if (raft.isLeader) return;',
      },
    ],
  },
  {
    name: 'install-moves-snapshot-back',
    trap: 'an older snapshot that mends a hole is taken for the newest, which the disk no longer has under that id',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'if (raft.snapshot === null || raft.snapshot.index <= snapshot.index) raft.snapshot = snapshot;',
        replace: 'raft.snapshot = snapshot;',
      },
    ],
  },
  {
    name: 'snapshot-from-leader-alone',
    trap: 'only a leader hands its snapshot to a member that lacks what others have compacted: without that member, nobody may lead',
    patches: [
      {
        file: 'core/snapshot-fetch.ts',
        find: 'if (snapshot === null || snapshot.index < first',
        replace: 'if (!raft.isLeader || snapshot === null || snapshot.index < first',
      },
    ],
  },
  {
    name: 'fetched-snapshot-drops-suffix',
    trap: 'a snapshot that mends a hole takes along what follows it in the log, and what was acknowledged with it',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'const isAgreeing = raft.terms.at(snapshot.index) === snapshot.term;',
        replace: 'const isAgreeing = raft.terms.at(snapshot.index) === snapshot.term && raft.holes.size === 0;',
      },
    ],
  },
  {
    name: 'fetched-snapshots-mixed',
    trap: 'a part of one snapshot is kept behind a part of another',
    patches: [
      {
        file: 'core/snapshot-fetch.ts',
        find: 'if (staging.snapshot.id === snapshot.id) return offset === staging.received;',
        replace: 'if (offset > 0) return offset === staging.received;',
      },
      {
        file: 'core/snapshot-fetch.ts',
        find: 'if (raft.staging?.snapshot.id !== snapshot.id) {',
        replace: 'if (raft.staging === null) {',
      },
    ],
  },
  {
    name: 'install-forgets-holes',
    trap: 'a snapshot that mends some holes lets those above it be forgotten',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'raft.holes.deleteBetween(0, isAgreeing ? snapshot.index : Number.POSITIVE_INFINITY);',
        replace: 'raft.holes.deleteBetween(0, Number.POSITIVE_INFINITY);',
      },
    ],
  },
  {
    name: 'compaction-drops-configuration',
    trap: 'compaction keeps the newest configuration alone, also where that is not committed',
    patches: [
      {
        file: 'core/configuration.ts',
        find: 'const base = this.at(upTo);',
        replace: 'const base = this.current;',
      },
    ],
  },
  {
    name: 'staging-ignores-id',
    trap: "parts of two members' snapshots of the same index are taken for parts of one",
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'raft.staging.snapshot.id !== snapshot.id',
        replace: 'raft.staging.snapshot.index !== snapshot.index',
      },
    ],
  },
];
