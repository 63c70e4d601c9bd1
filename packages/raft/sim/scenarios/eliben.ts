import assert from 'node:assert/strict';
import type { Effect } from '../../src/index.js';
import { Lab, member } from './lab.js';
import { Rig } from './rig.js';
import { scenariosOf } from './scenario.js';

/* Eli Bendersky's "Implementing Raft", part 3: elections, commits, crashes, and what must be persisted when. */

/** What a lab has asked its disk to keep about term and vote, last. */
function written(lab: Lab): { readonly term: number; readonly vote: string | null } | undefined {
  const persisted = lab.effects.filter(
    (effect): effect is Extract<Effect, { kind: 'persist' }> => effect.kind === 'persist',
  );
  return persisted.findLast((effect) => effect.hardState !== undefined)?.hardState;
}

/** Cuts off the leader of `count` nodes, has another elected, brings the old one back: it follows. */
function leaderDisconnectThenReconnect(count: number): void {
  const rig = new Rig(count);
  const first = rig.leader();
  rig.disconnect(first);
  const second = rig.leader();
  const { term } = second.core!;
  rig.runFor(rig.electionMs);
  rig.reconnect(first);
  rig.runFor(rig.electionMs);
  assert.equal(rig.leader(), second);
  assert.equal(second.core!.term, term);
  assert.equal(first.isLeader, false);
}

export const elibenScenarios = scenariosOf('eliben/raft part 3', {
  ElectionBasic: () => void new Rig(3).leader(),

  ElectionLeaderDisconnect: () => {
    const rig = new Rig(3);
    const first = rig.leader();
    const { term } = first.core!;
    rig.disconnect(first);
    const second = rig.leader();
    assert.notEqual(second, first);
    assert.ok(second.core!.term > term);
  },

  ElectionLeaderAndAnotherDisconnect: () => {
    const rig = new Rig(3);
    const leader = rig.leader();
    const follower = rig.followers()[0]!;
    rig.disconnect(leader, follower);
    rig.runFor(rig.electionMs * 3);
    rig.noLeader();
    rig.reconnect(follower);
    rig.leader();
  },

  ElectionLeaderDisconnectThenReconnect: () => leaderDisconnectThenReconnect(3),
  ElectionLeaderDisconnectThenReconnect5: () => leaderDisconnectThenReconnect(5),

  // A follower that was away does not raise the term when it comes back: it only asked whether it could win.
  ElectionFollowerComesBack: () => {
    const rig = new Rig(3);
    const leader = rig.leader();
    const { term } = leader.core!;
    const follower = rig.followers()[0]!;
    rig.disconnect(follower);
    rig.runFor(rig.electionMs * 5);
    rig.reconnect(follower);
    rig.runFor(rig.electionMs * 2);
    assert.equal(rig.leader(), leader);
    assert.equal(leader.core!.term, term);
  },

  ElectionDisconnectLoop: () => {
    const rig = new Rig(3);
    for (let round = 0; round < 5; round++) {
      const leader = rig.leader();
      const follower = rig.followers()[0]!;
      rig.disconnect(leader, follower);
      rig.runFor(rig.electionMs * 2);
      rig.noLeader();
      rig.reconnect(leader, follower);
      rig.leader();
    }
  },

  // Fifty disruptions; the record forbids a second leader in any term.
  ElectionSafetyStress: () => {
    const rig = new Rig(5);
    const { random } = rig.cluster;
    for (let round = 0; round < 50; round++) {
      const node = rig.nodes[random.below(5)]!;
      if (random.below(2) === 0) rig.disconnect(node);
      else rig.reconnect(node);
      rig.runFor(random.below(rig.electionMs));
    }
    rig.reconnect(...rig.nodes);
    rig.leader();
  },

  DisconnectAllThenRestore: () => {
    const rig = new Rig(3);
    rig.leader();
    rig.disconnect(...rig.nodes);
    rig.runFor(rig.electionMs * 3);
    assert.ok(rig.nodes.every((node) => !node.isLeader));
    rig.reconnect(...rig.nodes);
    rig.leader();
  },

  CommitOneCommand: () => {
    const rig = new Rig(3);
    const index = rig.agree();
    assert.equal(rig.appliedBy(index), 3);
  },

  // The first copies to one follower are lost, and it gets the entry all the same.
  CommitAfterCallDrops: () => {
    const rig = new Rig(3);
    const leader = rig.leader();
    const follower = rig.followers()[0]!;
    rig.cluster.network.cut(leader.name, follower.name);
    const proposal = rig.propose(leader);
    rig.runFor(20);
    rig.cluster.network.heal(leader.name, follower.name);
    rig.until('committed', () => proposal.outcome?.kind === 'committed');
    rig.equal();
  },

  CommitMultipleCommands: () => {
    const rig = new Rig(3);
    const indexes = [rig.agree(), rig.agree(), rig.agree()];
    assert.deepEqual(
      indexes,
      [...indexes].sort((one, other) => one - other),
    );
    assert.equal(new Set(indexes).size, 3);
  },

  CommitWithDisconnectionAndRecover: () => {
    const rig = new Rig(3);
    rig.agreeTimes(2);
    const away = rig.followers()[0]!;
    rig.disconnect(away);
    const index = rig.agree(2);
    assert.equal(rig.appliedBy(index), 2);
    rig.reconnect(away);
    rig.until('the third', () => rig.appliedBy(index) === 3);
  },

  CommitsWithLeaderDisconnects: () => {
    const rig = new Rig(5);
    rig.agreeTimes(2);
    const first = rig.leader();
    rig.disconnect(first);
    const lost = rig.propose(first);
    rig.agree(4);
    rig.reconnect(first);
    rig.agree(5);
    assert.equal(lost.outcome?.kind, 'not-applied');
    rig.equal();
  },

  SubmitNonLeaderFails: () => {
    const rig = new Rig(3);
    rig.leader();
    const refused = rig.propose(rig.followers()[0]!);
    assert.deepEqual(refused.outcome, { kind: 'not-applied', reason: 'not-leader' });
  },

  NoCommitWithNoQuorum: () => {
    const rig = new Rig(3);
    rig.agreeTimes(2);
    const leader = rig.leader();
    const followers = rig.followers();
    rig.disconnect(...followers);
    const lost = rig.propose(leader);
    rig.runFor(rig.electionMs * 3);
    assert.notEqual(lost.outcome?.kind, 'committed');
    rig.reconnect(...followers);
    rig.agree();
    rig.equal();
  },

  // Shorter than an election timeout: nobody else is elected, and what was proposed meanwhile commits.
  DisconnectLeaderBriefly: () => {
    const rig = new Rig(3);
    const leader = rig.leader();
    rig.disconnect(leader);
    const proposal = rig.propose(leader);
    rig.runFor(rig.electionMs * 0.3);
    rig.reconnect(leader);
    rig.until('committed', () => proposal.outcome?.kind === 'committed');
    assert.equal(rig.leader(), leader);
  },

  CrashFollower: () => {
    const rig = new Rig(3);
    rig.agree();
    rig.crash(rig.followers()[0]!);
    rig.agree(2);
  },

  CrashThenRestartFollower: () => {
    const rig = new Rig(3);
    rig.agreeTimes(3);
    const follower = rig.followers()[0]!;
    rig.crash(follower);
    rig.agree(2);
    rig.restart(follower);
    rig.agree();
    rig.equal();
  },

  CrashThenRestartLeader: () => {
    const rig = new Rig(3);
    rig.agreeTimes(3);
    const leader = rig.leader();
    rig.crash(leader);
    rig.agree(2);
    rig.restart(leader);
    rig.agree();
    rig.equal();
  },

  CrashThenRestartAll: () => {
    const rig = new Rig(3);
    rig.agreeTimes(3);
    const { count } = rig.nodes[0]!.machine;
    rig.crash(...rig.nodes);
    rig.runFor(100);
    rig.restart(...rig.nodes);
    rig.agree();
    assert.ok(rig.nodes.every((node) => node.machine.count === count + 1));
  },

  ReplaceMultipleLogEntries: () => {
    const rig = new Rig(3);
    rig.agreeTimes(2);
    const first = rig.leader();
    rig.disconnect(first);
    const lost = [1, 2, 3].map(() => rig.propose(first));
    rig.runFor(rig.electionMs);
    rig.agreeTimes(4, 2);
    const second = rig.leader();
    rig.crash(second);
    rig.runFor(50);
    rig.restart(second);
    rig.reconnect(first);
    rig.agree(3);
    rig.equal();
    assert.ok(lost.every(({ outcome }) => outcome?.kind === 'not-applied'));
  },

  // Proposed, and the leader dies at once: nobody was told that it is committed, so it may be there or not, but it is equal.
  CrashAfterSubmit: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    const lost = rig.propose(leader);
    rig.crash(leader);
    assert.deepEqual(lost.outcome, { kind: 'unknown' });
    rig.agree(2);
    rig.restart(leader);
    rig.agree();
    rig.equal();
  },

  DisconnectAfterSubmit: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    const proposal = rig.propose(leader);
    rig.disconnect(leader);
    rig.agree(2);
    rig.reconnect(leader);
    rig.agree();
    rig.equal();
    rig.until('an answer', () => proposal.outcome !== null);
  },

  // Nobody hears of a candidacy before term and vote are on the candidate's disk.
  StartElectionMissingPersist: () => {
    const lab = new Lab({ settings: { isPreVoteOn: false } });
    lab.isSyncing = false;
    lab.pass(200);
    assert.equal(lab.role, 'candidate');
    assert.equal(lab.take('request-vote').length, 0);
    assert.deepEqual(written(lab), { term: lab.core.term, vote: lab.self, commit: 0 });
    lab.sync();
    assert.ok(lab.take('request-vote').length >= 2);
  },

  // A new term is written before anything that depends on it is acknowledged.
  BecomeFollowerMissingPersist: () => {
    const lab = new Lab();
    lab.isSyncing = false;
    lab.append(2, { term: 7 });
    assert.deepEqual(written(lab), { term: 7, vote: null, commit: 0 });
    assert.equal(lab.take('append-accepted').length, 0);
    lab.sync();
    assert.equal(lab.take('append-accepted').length, 1);
  },

  BecomeFollowerSameTermPreservesVotedFor: () => {
    const lab = new Lab({ settings: { isPreVoteOn: false } }).becomeCandidate();
    const { term } = lab.core;
    lab.append(2, { term });
    assert.equal(lab.role, 'follower');
    assert.equal(lab.status.vote, lab.self);
    lab.receive('request-vote', 3, { term, lastIndex: 9, lastTerm: term, isTransfer: false });
    assert.equal(lab.take('vote-granted').length, 0);
  },

  BecomeFollowerHigherTermResetsVotedFor: () => {
    const lab = new Lab({ term: 3, vote: member(2) });
    lab.append(3, { term: 4 });
    assert.equal(lab.status.vote, null);
    assert.deepEqual(written(lab), { term: 4, vote: null, commit: 0 });
  },

  // Answers to an earlier candidacy count for nothing in the next.
  StaleVoteReplyIgnored: () => {
    const lab = new Lab({ settings: { isPreVoteOn: false } }).becomeCandidate();
    const { term } = lab.core;
    while (lab.core.term === term) lab.pass(5);
    lab.receive('vote-granted', 2, { term });
    lab.receive('vote-granted', 3, { term });
    assert.equal(lab.role, 'candidate');
  },

  // Also across a restart.
  SameTermDoubleVotePrevented: () => {
    const lab = new Lab({ term: 1 });
    const asked = { term: 2, lastIndex: 0, lastTerm: 0, isTransfer: false };
    lab.receive('request-vote', 2, asked);
    assert.equal(lab.take('vote-granted').length, 1);
    lab.receive('request-vote', 3, asked);
    assert.equal(lab.take('vote-granted').length, 0);
    const again = new Lab({ term: 2, vote: member(2) });
    again.receive('request-vote', 3, asked);
    assert.equal(again.take('vote-granted').length, 0);
    again.receive('request-vote', 2, asked);
    assert.equal(again.take('vote-granted').length, 1);
  },
});
