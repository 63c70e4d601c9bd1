import assert from 'node:assert/strict';
import { entry, Lab, LabNet, member } from './lab.js';
import { scenariosOf } from './scenario.js';

/*
 * The Raft paper (Ongaro and Ousterhout, 2014), section by section, under the names of etcd's suite. Each works on cores alone.
 */

const noPreVote = { isPreVoteOn: false };

/** §5.1: whoever sees a higher term takes it over and follows. */
function updateTermFromMessage(lab: Lab): void {
  const term = lab.core.term + 1;
  lab.append(2, { term });
  assert.equal(lab.core.term, term);
  assert.equal(lab.role, 'follower');
  assert.equal(lab.core.leader, member(2));
}

/** §5.2: a campaign enters a new term, votes for itself, and asks everybody else. */
function startsElection(lab: Lab): void {
  const { term } = lab.core;
  lab.clear();
  lab.pass(200);
  assert.equal(lab.core.term, term + 1);
  assert.equal(lab.role, 'candidate');
  assert.equal(lab.status.vote, lab.self);
  const asked = lab.take('request-vote').filter((message) => message.term === term + 1);
  assert.deepEqual(
    asked.map((message) => message.to),
    [member(2), member(3)],
  );
}

/** §5.2: timeouts are drawn from [T, 2T), and all of that range is used. */
function timeoutsAreRandom(isCandidate: boolean): void {
  const seen = new Set<number>();
  for (let seed = 0; seed < 200; seed++) {
    const lab = new Lab({ seed: `timeout ${seed}`, settings: noPreVote });
    if (isCandidate) lab.becomeCandidate();
    else lab.append(2, { term: 1 });
    // Counted from the election's last reset: a candidate's next campaign, or the leader's word.
    let waited = 0;
    if (isCandidate) {
      const campaigning = lab.core.term;
      while (lab.core.term === campaigning) lab.pass(5);
    }
    const { term } = lab.core;
    while (lab.core.term === term && waited < 400) {
      lab.pass(5);
      waited += 5;
    }
    assert.ok(waited < 205, `waited ${waited} ms`);
    assert.ok(waited >= 95, `waited only ${waited} ms`);
    seen.add(Math.floor(waited / 20));
  }
  assert.ok(seen.size >= 5, `timeouts fell into ${seen.size} classes only`);
}

/** §5.2: with drawn timeouts it is rare that two time out together. */
function timeoutsRarelyMeet(isCandidate: boolean): void {
  let conflicts = 0;
  const runs = 300;
  for (let run = 0; run < runs; run++) {
    const labs = [1, 2, 3, 4, 5].map(
      (id) => new Lab({ id, voters: 5, seed: `meet ${run} ${id}`, settings: noPreVote }),
    );
    if (isCandidate) {
      for (const lab of labs) lab.becomeCandidate();
      for (const lab of labs) lab.nowMs = 1000;
      // One answer from a member that led meanwhile puts them all at the same start.
      for (const lab of labs) lab.receive('vote-refused', lab.self === member(1) ? 2 : 1, { term: lab.core.term + 1 });
    }
    let first = 0;
    for (let waited = 0; waited < 250 && first === 0; waited += 5) {
      for (const lab of labs) {
        const { term } = lab.core;
        lab.pass(5);
        if (lab.core.term > term) first += 1;
      }
    }
    if (first > 1) conflicts += 1;
  }
  assert.ok(conflicts < runs * 0.35, `${conflicts} of ${runs} elections collided`);
}

/** A leader in term 1 whose first entry is committed everywhere, with nothing in flight. */
function settledLeader(): Lab {
  const lab = new Lab({ settings: noPreVote }).becomeLeader([2]);
  for (const peer of [2, 3]) lab.receive('append-accepted', peer, { match: 1 });
  assert.equal(lab.core.commitIndex, 1);
  lab.clear();
  return lab;
}

export const paperScenarios = scenariosOf('Raft paper (etcd)', {
  FollowerUpdateTermFromMessage: () => updateTermFromMessage(new Lab()),
  CandidateUpdateTermFromMessage: () => updateTermFromMessage(new Lab().becomeCandidate()),
  LeaderUpdateTermFromMessage: () => updateTermFromMessage(new Lab().becomeLeader()),

  RejectStaleTermMessage: () => {
    const lab = new Lab({ term: 2 });
    lab.append(2, { term: 1, entries: [entry(1, 1)] });
    assert.deepEqual(lab.log, []);
    assert.equal(lab.core.leader, null);
    assert.equal(lab.take('append-accepted').length, 0);
  },

  StartAsFollower: () => assert.equal(new Lab().role, 'follower'),

  LeaderBcastBeat: () => {
    const lab = settledLeader();
    lab.pass(15);
    const beats = lab.take('heartbeat');
    assert.deepEqual([...new Set(beats.map((beat) => beat.to))], [member(2), member(3)]);
    assert.ok(beats.every((beat) => beat.term === 1));
  },

  FollowerStartElection: () => startsElection(new Lab({ term: 1, settings: noPreVote })),
  CandidateStartNewElection: () => startsElection(new Lab({ settings: noPreVote }).becomeCandidate()),

  // Every way that votes of 1, 3 and 5 voters can fall.
  LeaderElectionInOneRoundRPC: () => {
    const elect = (voters: number, granted: readonly number[], refused: readonly number[]): string => {
      const lab = new Lab({ voters, settings: noPreVote });
      lab.pass(200);
      for (const voter of granted) lab.receive('vote-granted', voter, { term: 1 });
      for (const voter of refused) lab.receive('vote-refused', voter, { term: 1 });
      assert.equal(lab.core.term, 1);
      return lab.role;
    };
    assert.equal(elect(1, [], []), 'leader');
    assert.equal(elect(3, [2, 3], []), 'leader');
    assert.equal(elect(3, [2], []), 'leader');
    assert.equal(elect(5, [2, 3, 4, 5], []), 'leader');
    assert.equal(elect(5, [2, 3, 4], []), 'leader');
    assert.equal(elect(5, [2, 3], []), 'leader');
    assert.equal(elect(3, [], [2, 3]), 'follower');
    assert.equal(elect(5, [], [2, 3, 4, 5]), 'follower');
    assert.equal(elect(5, [2], [3, 4, 5]), 'follower');
    assert.equal(elect(3, [], []), 'candidate');
    assert.equal(elect(5, [2], []), 'candidate');
    assert.equal(elect(5, [], []), 'candidate');
  },

  // §5.2: at most one vote a term, first come, first served.
  FollowerVote: () => {
    const ask = (vote: 2 | 3 | null, candidate: number): boolean => {
      const lab = new Lab({ term: 1, vote: vote === null ? null : member(vote) });
      lab.receive('request-vote', candidate, { term: 1, lastIndex: 0, lastTerm: 0, isTransfer: false });
      return lab.take('vote-granted').length === 1;
    };
    assert.equal(ask(null, 2), true);
    assert.equal(ask(null, 3), true);
    assert.equal(ask(2, 2), true);
    assert.equal(ask(3, 3), true);
    assert.equal(ask(2, 3), false);
    assert.equal(ask(3, 2), false);
  },

  // §5.2: a candidate that hears of a leader of its term, or a later one, follows.
  CandidateFallback: () => {
    for (const more of [0, 1]) {
      const lab = new Lab().becomeCandidate();
      const term = lab.core.term + more;
      lab.append(2, { term });
      assert.equal(lab.role, 'follower');
      assert.equal(lab.core.term, term);
    }
  },

  FollowerElectionTimeoutRandomized: () => timeoutsAreRandom(false),
  CandidateElectionTimeoutRandomized: () => timeoutsAreRandom(true),
  FollowersElectionTimeoutNonconflict: () => timeoutsRarelyMeet(false),
  CandidatesElectionTimeoutNonconflict: () => timeoutsRarelyMeet(true),

  // §5.3: a proposal is appended and sent to all at once, before it is committed.
  LeaderStartReplication: () => {
    const lab = settledLeader();
    lab.isSyncing = false;
    lab.propose('some data');
    assert.deepEqual(lab.log, [1, 1]);
    assert.equal(lab.core.commitIndex, 1);
    const appends = lab.take('append');
    assert.deepEqual(
      appends.map((append) => append.to),
      [member(2), member(3)],
    );
    for (const append of appends) {
      assert.deepEqual([append.prevIndex, append.prevTerm, append.commit], [1, 1, 1]);
      assert.equal(new TextDecoder().decode(append.entries[0]!.data), 'some data');
    }
  },

  LeaderCommitEntry: () => {
    const lab = settledLeader();
    lab.propose();
    lab.receive('append-accepted', 2, { match: 2 });
    assert.equal(lab.core.commitIndex, 2);
    assert.ok(lab.effects.some((effect) => effect.kind === 'commit' && effect.upTo === 2));
    // The follower is told, and so may apply it.
    assert.ok(lab.take('commit-notice').some((notice) => notice.to === member(2) && notice.commit === 2));
  },

  // §5.3: committed on a majority, whoever it is made of.
  LeaderAcknowledgeCommit: () => {
    const isCommitted = (voters: number, acks: readonly number[]): boolean => {
      const lab = new Lab({ voters, settings: noPreVote });
      lab.pass(200);
      const others = Array.from({ length: voters - 1 }, (_, at) => at + 2);
      for (const other of others) if (lab.role === 'candidate') lab.receive('vote-granted', other, {});
      for (const other of others) lab.receive('append-accepted', other, { match: 1 });
      lab.propose();
      for (const ack of acks) lab.receive('append-accepted', ack, { match: 2 });
      return lab.core.commitIndex === 2;
    };
    assert.equal(isCommitted(1, []), true);
    assert.equal(isCommitted(3, []), false);
    assert.equal(isCommitted(3, [2]), true);
    assert.equal(isCommitted(3, [2, 3]), true);
    assert.equal(isCommitted(5, []), false);
    assert.equal(isCommitted(5, [2]), false);
    assert.equal(isCommitted(5, [2, 3]), true);
    assert.equal(isCommitted(5, [2, 3, 4, 5]), true);
  },

  // §5.3: with the first entry of the leader's own term, everything before it is committed.
  LeaderCommitPrecedingEntries: () => {
    for (const log of [[], [2], [1, 2], [1]]) {
      const lab = new Lab({ log, term: 2, settings: noPreVote }).becomeLeader([2]);
      lab.propose();
      lab.receive('append-accepted', 2, { match: log.length + 2 });
      assert.equal(lab.core.commitIndex, log.length + 2);
      assert.deepEqual(lab.log, [...log, 3, 3]);
    }
  },

  // §5.3: a follower commits what the leader has committed, as far as it has it.
  FollowerCommitEntry: () => {
    const cases: [number[], number][] = [
      [[1], 1],
      [[1, 1], 2],
      [[1, 1], 1],
      [[1, 1, 1], 5],
    ];
    for (const [terms, commit] of cases) {
      const lab = new Lab();
      lab.append(2, { term: 1, entries: terms.map((term, at) => entry(at + 1, term)), commit });
      assert.equal(lab.core.commitIndex, Math.min(commit, terms.length));
    }
  },

  // §5.3: an append is taken only where the entry before it is the same.
  FollowerCheckMsgApp: () => {
    const answer = (prevIndex: number, prevTerm: number): string => {
      const lab = new Lab({ log: [1, 2], term: 2, commit: 1 });
      lab.append(2, { term: 2, prevIndex, prevTerm });
      return lab.sent.map((message) => message.kind).join();
    };
    assert.equal(answer(0, 0), 'append-accepted');
    assert.equal(answer(1, 1), 'append-accepted');
    assert.equal(answer(2, 2), 'append-accepted');
    assert.equal(answer(2, 1), 'append-rejected');
    assert.equal(answer(3, 3), 'append-rejected');
  },

  // §5.3: conflicting entries give way, agreeing ones stay.
  FollowerAppendEntries: () => {
    const cases: [number, number, number[], number[]][] = [
      [2, 2, [3], [1, 2, 3]],
      [1, 1, [3, 4], [1, 3, 4]],
      [0, 0, [1], [1, 2]],
      [0, 0, [3], [3]],
    ];
    for (const [prevIndex, prevTerm, terms, expected] of cases) {
      const lab = new Lab({ log: [1, 2], term: 2 });
      const entries = terms.map((term, at) => entry(prevIndex + 1 + at, term));
      lab.append(2, { term: 4, prevIndex, prevTerm, entries });
      assert.deepEqual(lab.log, expected);
    }
  },

  // Figure 7: whatever a follower lacks or has too much of, it ends with the leader's log.
  LeaderSyncFollowerLog: () => {
    const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    const followers = [
      [1, 1, 1, 4, 4, 5, 5, 6, 6],
      [1, 1, 1, 4],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      [1, 1, 1, 4, 4, 4, 4],
      [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    for (const log of followers) {
      const labs = [
        new Lab({ id: 1, log: leaderLog, term: 8, settings: noPreVote }),
        new Lab({ id: 2, log, term: 7, settings: noPreVote }),
        new Lab({ id: 3, log: [], term: 7, settings: noPreVote }),
      ];
      const net = new LabNet(labs);
      // Some of these logs are longer than the leader's, so it is the third that elects it.
      net.campaign(1);
      assert.equal(net.lab(1).role, 'leader');
      net.pass(100);
      assert.deepEqual(net.lab(2).log, [...leaderLog, 9]);
      for (let index = 1; index <= 11; index++) {
        assert.deepEqual(net.lab(2).entryAt(index)?.term, net.lab(1).entryAt(index)?.term);
      }
    }
  },

  // §5.4.1: a request for a vote says where the candidate's log ends.
  VoteRequest: () => {
    for (const log of [[1], [1, 2]]) {
      const lab = new Lab({ log, term: 2, settings: noPreVote });
      lab.pass(200);
      const asked = lab.take('request-vote');
      assert.equal(asked.length, 2);
      for (const { term, lastIndex, lastTerm } of asked) {
        assert.deepEqual([term, lastIndex, lastTerm], [3, log.length, log.at(-1)]);
      }
    }
  },

  // §5.4.1: the vote goes to a log that ends in a later term, or in the same and is not shorter.
  Voter: () => {
    const isGranted = (log: number[], lastTerm: number, lastIndex: number): boolean => {
      const lab = new Lab({ log, term: 2 });
      lab.receive('request-vote', 2, { term: 3, lastTerm, lastIndex, isTransfer: false });
      return lab.take('vote-granted').length === 1;
    };
    assert.equal(isGranted([1], 1, 1), true);
    assert.equal(isGranted([1], 1, 2), true);
    assert.equal(isGranted([1, 1], 1, 1), false);
    assert.equal(isGranted([1], 2, 1), true);
    assert.equal(isGranted([1], 2, 2), true);
    assert.equal(isGranted([1, 1], 2, 1), true);
    assert.equal(isGranted([2], 1, 1), false);
    assert.equal(isGranted([2], 1, 2), false);
    assert.equal(isGranted([1, 2], 1, 1), false);
  },

  // §5.4.2: replicas of an earlier term's entry are not counted.
  LeaderOnlyCommitsLogFromCurrentTerm: () => {
    const commitAfter = (match: number): number => {
      const lab = new Lab({ log: [1, 2], term: 2, settings: noPreVote }).becomeLeader([2]);
      lab.propose();
      lab.receive('append-accepted', 2, { match });
      return lab.core.commitIndex;
    };
    assert.equal(commitAfter(1), 0);
    assert.equal(commitAfter(2), 0);
    assert.equal(commitAfter(3), 3);
    assert.equal(commitAfter(4), 4);
  },
});
