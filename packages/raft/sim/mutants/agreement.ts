import type { Mutant } from './mutant.js';

/** Elections, replication, changes of members, reads, bounds. */
export const agreement: readonly Mutant[] = [
  {
    name: 'change-before-own-commit',
    trap: 'a leader changes members before an entry of its own term is committed (raft-dev, July 2015)',
    patches: [
      {
        file: 'core/membership.ts',
        find: "  if (raft.commitIndex < raft.reignStart) return 'not-ready';\n",
        replace: '',
      },
    ],
  },
  {
    name: 'cap-released-by-commit-alone',
    trap: 'what others have committed counts no more against the cap, though the own disk that hangs keeps it in memory',
    patches: [
      {
        file: 'core/replication.ts',
        find: 'Math.min(raft.commitIndex, raft.writes.durableIndex);',
        replace: 'raft.commitIndex;',
      },
    ],
  },
  {
    name: 'commit-earlier-term',
    trap: 'commits an entry of an earlier term by counting replicas (figure 8)',
    patches: [
      {
        file: 'core/replication.ts',
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
        file: 'core/acceptance.ts',
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
        file: 'core/acceptance.ts',
        find: 'Math.min(message.commit, lastNew)',
        replace: 'Math.min(message.commit, raft.lastIndex)',
      },
      // With exact hints an append always reaches the conflict. Going back further than need be is slower, and right.
      {
        file: 'core/replication.ts',
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
        file: 'core/rounds.ts',
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
        file: 'core/acceptance.ts',
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
        file: 'core/roles.ts',
        find: "  raft.role = 'follower';\n  raft.leader = leader;",
        replace: "  raft.role = 'follower';\n  raft.vote = null;\n  raft.leader = leader;",
      },
    ],
  },
  {
    name: 'quorum-too-small',
    trap: 'half of the voters pass for a majority',
    patches: [
      { file: 'core/quorum.ts', find: 'return (count >>> 1) + 1;', replace: 'return Math.max(1, count >>> 1);' },
    ],
  },
  {
    name: 'quorum-unsorted',
    trap: 'the quorum index is taken from a list that lost its order (openraft 1802)',
    patches: [{ file: 'core/quorum.ts', find: 'descending.splice(at, 0, match);', replace: 'descending.push(match);' }],
  },
  {
    name: 'joint-commits-by-one-half',
    trap: 'a joint configuration commits by the new voters alone',
    patches: [
      {
        file: 'core/configuration.ts',
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
        file: 'core/configuration.ts',
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
        file: 'core/configuration.ts',
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
        file: 'core/configuration.ts',
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
        file: 'core/membership.ts',
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
        file: 'core/raft.ts',
        find: "if (this.configurations.truncate(from)) this.configurationChanged('rolled back with its entry');",
        replace: '',
      },
    ],
  },
  {
    name: 'read-without-a-round',
    trap: 'a leader answers reads without asking whether it still leads',
    patches: [{ file: 'core/rounds.ts', find: '  if (!isConfirmed) return;\n', replace: '' }],
  },
  {
    name: 'read-confirmed-by-an-earlier-round',
    trap: 'late answers to an earlier round confirm a read (etcd 20418)',
    patches: [{ file: 'core/rounds.ts', find: '>= batch.round,', replace: '>= batch.round - 1,' }],
  },
  {
    name: 'read-answers-of-another-life',
    trap: 'a late answer to a question from before a restart confirms a new read',
    patches: [
      {
        file: 'core/reads.ts',
        find: '  if (message.request <= raft.readRequestBase || message.request > raft.readRequest) return;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'read-before-own-commit',
    trap: 'a new leader serves reads before it knows what is committed (§8)',
    patches: [{ file: 'core/rounds.ts', find: '  if (raft.commitIndex < raft.reignStart) return;\n', replace: '' }],
  },
  {
    name: 'vote-for-a-shorter-log',
    trap: 'the log of a candidate is not compared (§5.4.1)',
    patches: [
      {
        file: 'core/election.ts',
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
        file: 'core/election.ts',
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
        file: 'core/election.ts',
        find: "if (raft.role !== 'pre-candidate' || message.term !== raft.term + 1) return;\n  raft.votes.set(message.from, true);",
        replace:
          "if (raft.role === 'follower' || raft.role === 'leader') return;\n  raft.votes.set(message.from, true);",
      },
    ],
  },
  {
    name: 'stale-term-accepted',
    trap: 'answers of an earlier reign are counted in this one',
    patches: [{ file: 'core/step.ts', find: 'if (message.term < raft.term) {', replace: 'if (message.term < 0) {' }],
  },
  {
    name: 'deaf-leader-keeps-leading',
    trap: 'a leader that hears from no quorum goes on beating, and no other is elected',
    patches: [
      {
        file: 'core/heartbeat.ts',
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
        file: 'core/raft.ts',
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
        file: 'core/propose.ts',
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
        file: 'core/inflight.ts',
        find: 'return this.#lasts.length >= this.#countMax || this.#bytes >= this.#bytesMax;',
        replace: 'return this.#lasts.length > 1e9 * this.#countMax + this.#bytesMax;',
      },
    ],
  },
  {
    name: 'lost-append-never-resent',
    trap: 'a heartbeat is answered, and what its follower lacks is not sent again',
    patches: [
      {
        file: 'core/heartbeat.ts',
        find: 'else if (progress.match < raft.lastIndex) maybeProbeAgain(raft, message.from, progress);',
        replace: 'else void maybeProbeAgain;',
      },
    ],
  },
  {
    name: 'reads-count-learners',
    trap: 'learners confirm a read',
    patches: [
      {
        file: 'core/rounds.ts',
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
        file: 'core/rounds.ts',
        find: 'const isConfirmed = hasQuorum(\n    raft.configuration,',
        replace: 'const isConfirmed = hasQuorum(\n    { ...raft.configuration, outgoing: [] },',
      },
    ],
  },
  {
    name: 'pre-vote-ignores-leader',
    trap: 'helps to depose a leader that lives',
    patches: [
      {
        file: 'core/election.ts',
        find: 'message.term > raft.term && !raft.isLeaderAlive && isUpToDate',
        replace: 'message.term > raft.term && isUpToDate',
      },
      {
        file: 'core/step.ts',
        find: ' && raft.isLeaderAlive) {',
        replace: ' && raft.isLeaderAlive && raft.nowMs < 0) {',
      },
    ],
  },
];
