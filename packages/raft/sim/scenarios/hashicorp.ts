import assert from 'node:assert/strict';
import type { MemberId } from '../../src/index.js';
import type { SimNode } from '../node.js';
import { Rig } from './rig.js';
import { scenariosOf } from './scenario.js';

/* hashicorp/raft's fuzzy suite: load goes on while things happen, and in the end everybody has applied the same. */

/** Appends go on in the background until the returned function is called, which then checks that all is equal. */
function load(rig: Rig): () => void {
  let isStopped = false;
  const next = (): void => {
    if (isStopped) return;
    const { leader } = rig.cluster;
    if (leader !== undefined) rig.propose(leader);
    rig.cluster.events.after(5, next);
  };
  next();
  return () => {
    isStopped = true;
    rig.agree(rig.nodes.filter((node) => node.isUp && isMember(rig, node)).length);
  };
}

function isMember(rig: Rig, node: SimNode): boolean {
  const { voters, learners } = rig.leader().core!.configuration.configuration;
  return voters.includes(node.member) || learners.includes(node.member);
}

/** Asks whoever leads until the change is in force and committed. */
export function changeMembers(rig: Rig, voters: readonly MemberId[], learners: readonly MemberId[] = []): void {
  const wanted = [...voters].sort().join();
  rig.until('the change of members', () => {
    const { leader } = rig.cluster;
    if (leader === undefined) return false;
    const { index, configuration } = leader.core!.configuration;
    const isThere =
      [...configuration.voters].sort().join() === wanted &&
      configuration.outgoing.length === 0 &&
      [...configuration.learners].sort().join() === [...learners].sort().join();
    if (isThere && index <= leader.core!.commitIndex) return true;
    if (!isThere) leader.command({ kind: 'propose-membership', expects: index, voters, learners });
    return false;
  });
}

/** First as a learner, then, when it has caught up, as a voter. */
function addVoter(rig: Rig, node: SimNode): void {
  const { voters } = rig.leader().core!.configuration.configuration;
  changeMembers(rig, voters, [node.member]);
  changeMembers(rig, [...voters, node.member]);
}

export const hashicorpScenarios = scenariosOf('hashicorp/raft fuzzy', {
  NoIssueSanity: () => {
    const rig = new Rig(5);
    const leader = rig.leader();
    const done = load(rig);
    rig.runFor(5000);
    done();
    rig.equal();
    assert.equal(rig.leader(), leader);
    assert.ok(rig.cluster.record.acks > 800);
  },

  LeaderPartitions: () => {
    const rig = new Rig(5);
    rig.leader();
    const done = load(rig);
    for (let round = 0; round < 6; round++) {
      const leader = rig.leader();
      rig.disconnect(leader);
      rig.runFor(rig.electionMs * 3);
      rig.leader();
      rig.reconnect(leader);
      rig.runFor(rig.electionMs);
    }
    done();
    rig.equal();
  },

  FuzzyLeadershipTransfer: () => {
    const rig = new Rig(5);
    rig.leader();
    const done = load(rig);
    let moved = 0;
    for (let round = 0; round < 10; round++) {
      const leader = rig.leader();
      const target = rig.followers()[round % 4]!;
      leader.command({ kind: 'transfer', to: target.member });
      rig.runFor(rig.electionMs);
      if (rig.leader() === target) moved += 1;
    }
    done();
    rig.equal();
    assert.ok(moved >= 8, `${moved} of 10 transfers arrived`);
  },

  SlowSendVote: () => {
    const rig = new Rig(5);
    slowVotes(rig, ['request-vote', 'request-pre-vote']);
  },

  SlowRecvVote: () => {
    const rig = new Rig(5);
    slowVotes(rig, ['vote-granted', 'vote-refused', 'pre-vote-granted', 'pre-vote-refused']);
  },

  AddMembership: () => {
    const rig = new Rig(3);
    rig.leader();
    const done = load(rig);
    for (let added = 0; added < 4; added++) {
      addVoter(rig, rig.cluster.addNode());
      rig.runFor(200);
    }
    assert.equal(rig.leader().core!.configuration.configuration.voters.length, 7);
    done();
    rig.equal();
  },

  AddRemoveNodesNotLeader: () => {
    const rig = new Rig(3);
    const leader = rig.leader();
    const done = load(rig);
    const one = rig.cluster.addNode();
    const two = rig.cluster.addNode();
    addVoter(rig, one);
    addVoter(rig, two);
    const { voters } = leader.core!.configuration.configuration;
    changeMembers(
      rig,
      voters.filter((voter) => voter === leader.member || voter === one.member || voter === two.member),
    );
    assert.equal(rig.leader(), leader);
    done();
    assert.equal(rig.leader().core!.configuration.configuration.voters.length, 3);
  },

  RemoveLeader: () => {
    const rig = new Rig(5);
    const leader = rig.leader();
    const done = load(rig);
    const { voters } = leader.core!.configuration.configuration;
    changeMembers(
      rig,
      voters.filter((voter) => voter !== leader.member),
    );
    rig.until('another leader', () => rig.cluster.leader !== undefined && rig.cluster.leader !== leader);
    done();
    assert.equal(leader.isLeader, false);
    rig.runFor(rig.electionMs * 3);
    assert.equal(leader.isLeader, false);
  },

  RemovePartitionedNode: () => {
    const rig = new Rig(5);
    rig.leader();
    const done = load(rig);
    const away = rig.followers()[0]!;
    rig.disconnect(away);
    const leader = rig.leader();
    const { voters } = leader.core!.configuration.configuration;
    changeMembers(
      rig,
      voters.filter((voter) => voter !== away.member),
    );
    rig.reconnect(away);
    const { term } = rig.leader().core!;
    rig.runFor(rig.electionMs * 5);
    assert.equal(rig.leader().core!.term, term);
    done();
  },
});

/** One node's part of the voting takes longer than an election; the others elect regardless, and it is no disturbance. */
function slowVotes(rig: Rig, kinds: readonly string[]): void {
  const slow = rig.nodes[0]!;
  const { network } = rig.cluster;
  network.onSend = (from, to, message) => {
    if (from !== slow.name) return;
    if (kinds.includes(message.kind)) network.stall(from, to, rig.electionMs * 1.5);
    else network.stall(from, to, 0);
  };
  rig.leader();
  const done = load(rig);
  for (let round = 0; round < 4; round++) {
    const leader = rig.leader();
    rig.disconnect(leader);
    rig.runFor(rig.electionMs * 4);
    rig.reconnect(leader);
    rig.runFor(rig.electionMs);
  }
  done();
  rig.equal();
}
