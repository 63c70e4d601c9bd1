import type { Mutant } from '@commitlog/simulation/mutants';

export const mutants: readonly Mutant[] = [
  {
    name: 'commit-earlier-term',
    trap: 'commits an entry of an earlier term by counting replicas (figure 8)',
    patches: [
      {
        file: 'replication.ts',
        find: 'if (index <= raft.commitIndex || raft.terms.at(index) !== raft.term) return false;',
        replace: 'if (index <= raft.commitIndex) return false;',
      },
    ],
  },
  {
    name: 'truncate-on-overlap',
    trap: 'an old append that conflicts with nothing cuts what came after it',
    patches: [
      {
        file: 'acceptance.ts',
        find: 'const fresh = firstConflict(raft, message.entries);',
        replace: 'const fresh = 0;',
      },
    ],
  },
  {
    name: 'commit-past-last-new',
    trap: 'a follower commits up to its own end, not to what the append proved equal',
    patches: [
      {
        file: 'acceptance.ts',
        find: 'Math.min(message.commit, lastNew)',
        replace: 'Math.min(message.commit, raft.lastIndex)',
      },
      // With exact hints an append always reaches the conflict. Going back further than need be is slower, and right.
      {
        file: 'replication.ts',
        find: 'const hint = raft.terms.lastAtMost(message.hintIndex, message.hintTerm);',
        replace: 'const hint = Math.max(0, raft.terms.lastAtMost(message.hintIndex, message.hintTerm) - 3);',
      },
    ],
  },
  {
    name: 'heartbeat-commits-blindly',
    trap: 'a heartbeat carries a commit index past what its follower is known to hold',
    patches: [
      {
        file: 'rounds.ts',
        find: 'const commit = Math.min(progress.match, raft.commitIndex);',
        replace: 'const commit = raft.commitIndex;',
      },
    ],
  },
  {
    name: 'prev-term-unchecked',
    trap: 'an append is taken where the entry before it has another term',
    patches: [
      {
        file: 'acceptance.ts',
        find: 'if (raft.terms.at(message.prevIndex) !== message.prevTerm) {',
        replace: 'if (raft.terms.at(message.prevIndex) === undefined) {',
      },
    ],
  },
  {
    name: 'same-term-forgets-vote',
    trap: 'stepping down in the same term forgets the vote',
    patches: [
      {
        file: 'roles.ts',
        find: "  raft.role = 'follower';\n  raft.leader = leader;",
        replace: "  raft.role = 'follower';\n  raft.vote = null;\n  raft.leader = leader;",
      },
    ],
  },
  {
    name: 'vote-before-durable',
    trap: 'a vote is given before it is on disk',
    patches: [
      {
        file: 'election.ts',
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
        file: 'election.ts',
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
        file: 'acceptance.ts',
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
        file: 'replication.ts',
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
        file: 'writes.ts',
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
        file: 'roles.ts',
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
        file: 'election.ts',
        find: '  if (raft.vote === null) raft.outbox.isHardStateDirty = true;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'quorum-too-small',
    trap: 'half of the voters pass for a majority',
    patches: [{ file: 'quorum.ts', find: 'return (count >>> 1) + 1;', replace: 'return Math.max(1, count >>> 1);' }],
  },
  {
    name: 'quorum-unsorted',
    trap: 'the quorum index is taken from a list that lost its order (openraft 1802)',
    patches: [{ file: 'quorum.ts', find: 'descending.splice(at, 0, match);', replace: 'descending.push(match);' }],
  },
  {
    name: 'joint-commits-by-one-half',
    trap: 'a joint configuration commits by the new voters alone',
    patches: [
      {
        file: 'configuration.ts',
        find: 'return Math.min(majorityIndex(configuration.voters, matchOf), majorityIndex(configuration.outgoing, matchOf));',
        replace: 'return majorityIndex(configuration.voters, matchOf);',
      },
    ],
  },
  {
    name: 'joint-elects-by-one-half',
    trap: 'a joint configuration elects by the new voters alone',
    patches: [
      {
        file: 'configuration.ts',
        find: 'const outgoing = majorityVote(configuration.outgoing, voteOf);',
        replace: "const outgoing: VoteResult = 'won' as VoteResult;",
      },
    ],
  },
  {
    name: 'learners-count',
    trap: 'learners are counted in the quorum',
    patches: [
      {
        file: 'configuration.ts',
        find: 'return Math.min(majorityIndex(configuration.voters, matchOf), ',
        replace: 'return Math.min(majorityIndex([...configuration.voters, ...configuration.learners], matchOf), ',
      },
    ],
  },
  {
    name: 'change-without-joint',
    trap: 'voters are changed at one stroke',
    patches: [
      {
        file: 'configuration.ts',
        find: 'const outgoing = isSameVoters ? [] : current.voters;',
        replace: 'const outgoing: MemberId[] = isSameVoters ? [] : [];',
      },
    ],
  },
  {
    name: 'two-changes-at-once',
    trap: 'a second change of members begins before the first is committed',
    patches: [
      {
        file: 'membership.ts',
        find: "if (index > raft.commitIndex || isJoint(configuration)) return 'change-in-progress';",
        replace: '',
      },
    ],
  },
  {
    name: 'configuration-not-rolled-back',
    trap: 'a truncated entry leaves its configuration in force',
    patches: [
      {
        file: 'raft.ts',
        find: "if (this.configurations.truncate(from)) this.configurationChanged('rolled back with its entry');",
        replace: '',
      },
    ],
  },
  {
    name: 'snapshot-keeps-membership',
    trap: 'a snapshot leaves a stale configuration in force (openraft 1808)',
    patches: [{ file: 'snapshot.ts', find: '    raft.configurations.restore(placed);\n', replace: '' }],
  },
  {
    name: 'snapshot-keeps-suffix',
    trap: 'a snapshot leaves a conflicting suffix in the log (hashicorp/raft 697)',
    patches: [
      {
        file: 'snapshot.ts',
        find: 'const isAgreeing = raft.terms.at(snapshot.index) === snapshot.term;',
        replace: 'const isAgreeing = raft.terms.at(snapshot.index) !== undefined;',
      },
    ],
  },
  {
    name: 'snapshot-chunks-mixed',
    trap: 'a doubled or late chunk is staged again',
    patches: [{ file: 'snapshot.ts', find: 'if (offset === staging.received) {', replace: 'if (offset >= 0) {' }],
  },
  {
    name: 'read-without-a-round',
    trap: 'a leader answers reads without asking whether it still leads',
    patches: [{ file: 'rounds.ts', find: '  if (!isConfirmed) return;\n', replace: '' }],
  },
  {
    name: 'read-confirmed-by-an-earlier-round',
    trap: 'late answers to an earlier round confirm a read (etcd 20418)',
    patches: [{ file: 'rounds.ts', find: '>= batch.round,', replace: '>= batch.round - 1,' }],
  },
  {
    name: 'read-answers-of-another-life',
    trap: 'a late answer to a question from before a restart confirms a new read',
    patches: [
      {
        file: 'reads.ts',
        find: '  if (message.request <= raft.readRequestBase || message.request > raft.readRequest) return;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'read-before-own-commit',
    trap: 'a new leader serves reads before it knows what is committed (§8)',
    patches: [{ file: 'rounds.ts', find: '  if (raft.commitIndex < raft.reignStart) return;\n', replace: '' }],
  },
  {
    name: 'vote-for-a-shorter-log',
    trap: 'the log of a candidate is not compared (§5.4.1)',
    patches: [
      {
        file: 'election.ts',
        find: 'return message.lastTerm > lastTerm || (message.lastTerm === lastTerm && message.lastIndex >= raft.lastIndex);',
        replace: 'return message.lastTerm >= 0 || lastTerm >= 0;',
      },
    ],
  },
  {
    name: 'vote-twice',
    trap: 'a second candidate gets a vote in the same term',
    patches: [
      {
        file: 'election.ts',
        find: 'const isFree = raft.vote === message.from || (raft.vote === null && raft.leader === null);',
        replace: "const isFree = raft.role === 'follower';",
      },
    ],
  },
  {
    name: 'pre-vote-counts-as-vote',
    trap: 'a late answer to a pre-vote is counted as a vote (canonical/raft 279)',
    patches: [
      {
        file: 'election.ts',
        find: "if (raft.role !== 'pre-candidate' || message.term !== raft.term + 1) return;\n  raft.votes.set(message.from, true);",
        replace:
          "if (raft.role === 'follower' || raft.role === 'leader') return;\n  raft.votes.set(message.from, true);",
      },
    ],
  },
  {
    name: 'stale-term-accepted',
    trap: 'answers of an earlier reign are counted in this one',
    patches: [{ file: 'step.ts', find: 'if (message.term < raft.term) {', replace: 'if (message.term < 0) {' }],
  },
  {
    name: 'wiped-disk-votes',
    trap: 'members are told apart by node alone, so a node whose disk was wiped votes as if it remembered',
    patches: [
      {
        file: 'step.ts',
        find: 'message.to !== raft.self || message.from === raft.self',
        replace: 'message.from === raft.self',
      },
      {
        file: 'election.ts',
        find: "if (!raft.votes.has(message.from)) raft.votes.set(message.from, message.kind === 'vote-granted');",
        replace: `for (const voter of otherVoters(raft)) {
    if (voter.split('@')[0] === message.from.split('@')[0]) raft.votes.set(voter, message.kind === 'vote-granted');
  }`,
      },
      {
        file: 'election.ts',
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
        file: 'acceptance.ts',
        find: 'Math.min(upTo, raft.firstHole - 1, writable)',
        replace: 'Math.min(upTo, writable)',
      },
    ],
  },
  {
    name: 'holed-member-campaigns',
    trap: 'a member that cannot read its log becomes leader',
    patches: [{ file: 'raft.ts', find: 'this.isNeeded && this.holes.size === 0 &&', replace: 'this.isNeeded &&' }],
  },
  {
    name: 'failed-write-keeps-leading',
    trap: 'a leader whose write failed goes on, and reuses the indexes (canonical/raft 320)',
    patches: [
      {
        file: 'durability.ts',
        find: "if (raft.isLeader) handOver(raft, 'a write failed');\n  else if (raft.role !== 'follower')",
        replace: "if (raft.role === 'candidate')",
      },
    ],
  },
  {
    name: 'failed-write-cuts-committed',
    trap: 'entries that are committed are cut because this disk could not take them',
    patches: [{ file: 'durability.ts', find: 'Math.max(firstMissing, raft.commitIndex + 1)', replace: 'firstMissing' }],
  },
  {
    name: 'hung-disk-keeps-leading',
    trap: 'a leader whose disk hangs keeps beating (hashicorp/raft 503)',
    patches: [
      {
        file: 'core.ts',
        find: "if (raft.isDiskStalled) handOver(raft, 'its disk stalls');\n  else checkQuorum(raft);",
        replace: 'checkQuorum(raft);',
      },
    ],
  },
  {
    name: 'deaf-leader-keeps-leading',
    trap: 'a leader that hears from no quorum goes on beating, and no other is elected',
    patches: [
      {
        file: 'heartbeat.ts',
        find: "if (!isHeard) becomeFollower(raft, raft.term, null, 'heard from no quorum');",
        replace: 'void isHeard;',
      },
    ],
  },
  {
    name: 'left-out-never-campaigns',
    trap: 'a member that an uncommitted configuration leaves out waits for an election that only it could win (thesis §4.2.2)',
    patches: [
      {
        file: 'raft.ts',
        find: 'return index > this.commitIndex && isVoter(this.configurations.at(index - 1).configuration, this.self);',
        replace: 'return index < 0;',
      },
    ],
  },
  {
    name: 'uncommitted-unbounded',
    trap: 'proposals pile up without a bound',
    patches: [
      {
        file: 'propose.ts',
        find: "return isOver && !isAlone ? 'overloaded' : null;",
        replace: 'return isOver ? null : null;',
      },
    ],
  },
  {
    name: 'window-unbounded',
    trap: 'a slow follower is sent more and more',
    patches: [
      {
        file: 'inflight.ts',
        find: 'return this.#lasts.length >= this.#countMax || this.#bytes >= this.#bytesMax;',
        replace: 'return this.#lasts.length > 1e9 * this.#countMax + this.#bytesMax;',
      },
    ],
  },
  {
    name: 'full-disk-answers',
    trap: 'a member without space answers what it cannot take, and is sent a window for each answer',
    patches: [
      {
        file: 'acceptance.ts',
        find: '    // No space. Silence',
        replace: '    accept(raft, message.from, message.prevIndex);\n    // No space. Silence',
      },
      { file: 'replication.ts', find: ' && message.match >= progress.probeLast;', replace: ';' },
    ],
  },
  {
    name: 'lost-append-never-resent',
    trap: 'a heartbeat is answered, and what its follower lacks is not sent again',
    patches: [
      {
        file: 'heartbeat.ts',
        find: 'else if (progress.match < raft.lastIndex) maybeProbeAgain(raft, message.from, progress);',
        replace: 'else void maybeProbeAgain;',
      },
    ],
  },
  {
    name: 'snapshot-chunk-never-resent',
    trap: 'a lost chunk of a snapshot ends its transfer',
    patches: [
      {
        file: 'heartbeat.ts',
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
        file: 'raft.ts',
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
        file: 'appends.ts',
        find: 'if (isWanted && raft.terms.at(first.index - 1) !== undefined) {',
        replace: 'if (isWanted) {',
      },
    ],
  },
  {
    name: 'mending-snapshot-never-left',
    trap: 'a caught-up member that a snapshot mends is never sent an entry again',
    patches: [
      {
        file: 'replication.ts',
        find: 'if (!isNews && !isProbeTaken && !isSnapshotTaken) return;',
        replace: 'if (!isNews && !isProbeTaken) return;',
      },
    ],
  },
  {
    name: 'hung-disk-fed',
    trap: 'a follower whose disk hangs takes more and more into memory',
    patches: [
      { file: 'acceptance.ts', find: '  if (raft.isDiskStalled) return;\n', replace: '' },
      {
        file: 'heartbeat.ts',
        find: "if (progress.state === 'replicate' && progress.inflight.isFull) askWhereItStands(raft, member, progress);",
        replace:
          "if (progress.state === 'replicate' && progress.inflight.isFull) { void askWhereItStands; progress.inflight.clear(); }",
      },
      {
        file: 'heartbeat.ts',
        find: 'if (raft.nowMs - progress.probedAtMs < raft.settings.heartbeatMs / 2) return;',
        replace: '',
      },
    ],
  },
  {
    name: 'reads-count-learners',
    trap: 'learners confirm a read',
    patches: [
      {
        file: 'rounds.ts',
        find: 'const isConfirmed = hasQuorum(\n    raft.configuration,',
        replace:
          'const isConfirmed = hasQuorum(\n    { ...raft.configuration, voters: [...raft.configuration.voters, ...raft.configuration.learners] },',
      },
    ],
  },
  {
    name: 'joint-reads-by-one-half',
    trap: 'in a joint configuration the new half alone confirms a read',
    patches: [
      {
        file: 'rounds.ts',
        find: 'const isConfirmed = hasQuorum(\n    raft.configuration,',
        replace: 'const isConfirmed = hasQuorum(\n    { ...raft.configuration, outgoing: [] },',
      },
    ],
  },
  {
    name: 'lost-hard-state-not-repeated',
    trap: 'a term that found no room on the disk is not written again',
    patches: [
      {
        file: 'durability.ts',
        find: 'if (lostHardState) raft.outbox.isHardStateDirty = true;',
        replace: 'void lostHardState;',
      },
    ],
  },
  {
    name: 'failed-sync-not-final',
    trap: 'goes on after a failed sync, and believes the next one (Rebello et al., ATC 2020)',
    patches: [{ file: 'durability.ts', find: 'if (isFatal || lostInstall) {', replace: 'if (lostInstall) {' }],
  },
  {
    name: 'pre-vote-ignores-leader',
    trap: 'helps to depose a leader that lives',
    patches: [
      {
        file: 'election.ts',
        find: 'message.term > raft.term && !raft.isLeaderAlive && isUpToDate',
        replace: 'message.term > raft.term && isUpToDate',
      },
      { file: 'step.ts', find: ' && raft.isLeaderAlive) {', replace: ' && raft.isLeaderAlive && raft.nowMs < 0) {' },
    ],
  },
  {
    name: 'installed-before-synced',
    trap: 'what a snapshot replaces counts as durable under the indexes that it stands for',
    patches: [
      {
        file: 'snapshot.ts',
        find: 'raft.writes.truncate(raft.commitIndex + 1);',
        replace: 'raft.writes.truncate(snapshot.index + 1);',
      },
    ],
  },
];
