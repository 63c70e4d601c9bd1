import assert from 'node:assert/strict';
import { empty } from '../faults.js';
import { changeMembers } from './hashicorp.js';
import { entry, Lab } from './lab.js';
import { Rig } from './rig.js';
import { scenariosOf } from './scenario.js';

/* Disks that hang, fail, run full, are replaced, and rot. */

/** Damages an entry on a node's disk, and lets it be found at once. */
function rot(rig: Rig, name: string, index: number): void {
  const node = rig.cluster.node(name);
  node.disk.rotten.add(index);
  node.command({ kind: 'unreadable', indexes: [index] });
}

function mended(rig: Rig, name: string): void {
  const node = rig.cluster.node(name);
  rig.until('the hole mended', () => node.core?.status.unreadable === 0 && node.disk.rotten.size === 0);
}

export const diskScenarios = scenariosOf('etcd and others', {
  // Heartbeats go on and the disk hangs: leadership must move all the same (hashicorp/raft 503).
  LeaderDiskStalls: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    leader.disk.stalledUntilMs = Number.POSITIVE_INFINITY;
    rig.propose(leader);
    rig.until(
      'another leads',
      () => rig.cluster.leader !== undefined && rig.cluster.leader !== leader,
      rig.electionMs * 4,
    );
    rig.agree(2);
    assert.equal(leader.isLeader, false);
  },

  // A sync fails once: the node stops, peers take over, nothing that was acknowledged is lost (ATC 2020).
  LeaderDiskFails: () => {
    const rig = new Rig(3);
    rig.agreeTimes(3);
    const leader = rig.leader();
    let isStopped = false;
    leader.onFatal = () => {
      isStopped = true;
    };
    leader.disk.isNextSyncFailing = true;
    rig.propose(leader);
    rig.until('it stops', () => isStopped && !leader.isUp);
    rig.agreeTimes(3, 2);
    rig.restart(leader);
    rig.agree();
    rig.equal();
  },

  // No space: it hands over, uses no index of that term again, follows as far as it can, and recovers (canonical/raft 320).
  LeaderOutOfSpaceThenSpace: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    const { term } = leader.core!;
    leader.disk.isFull = true;
    const proposal = rig.propose(leader);
    rig.until('it has stepped down', () => !leader.isLeader);
    rig.until('another leads', () => rig.cluster.leader !== undefined && rig.cluster.leader !== leader);
    assert.ok(rig.cluster.leader!.core!.term > term);
    rig.agreeTimes(5, 2);
    assert.equal(leader.isUp, true);
    assert.equal(leader.core!.status.isStorageRefusing, true);
    empty(leader);
    rig.agree(3);
    rig.until('an answer', () => proposal.outcome !== null);
    rig.equal();
  },

  // A wiped disk has forgotten its promises: it has no vote until the others have swapped it (amnesia).
  WipedDiskHasNoVote: () => {
    const rig = new Rig(3);
    rig.agreeTimes(5);
    const leader = rig.leader();
    const [wiped, other] = rig.followers();
    const old = wiped!.member;
    rig.cluster.wipe(wiped!);
    wiped!.start();
    assert.notEqual(wiped!.member, old);
    rig.crash(leader);
    // Two of three are up, but one of them remembers nothing: with its vote a majority could lose what was committed.
    rig.runFor(rig.electionMs * 10);
    assert.equal(other!.isLeader, false);
    assert.equal(wiped!.isLeader, false);
    rig.restart(leader);
    const { voters } = rig.leader().core!.configuration.configuration;
    changeMembers(rig, voters, [wiped!.member]);
    changeMembers(
      rig,
      voters.map((voter) => (voter === old ? wiped!.member : voter)),
    );
    rig.agree(3);
    rig.crash(rig.leader());
    rig.agree(2);
  },

  // A committed entry becomes unreadable on a follower: it is fetched, nothing is cut.
  RepairCommittedHole: () => {
    const rig = new Rig(3);
    rig.agreeTimes(10);
    const follower = rig.followers()[0]!;
    const { lastIndex } = follower.core!.status;
    rot(rig, follower.name, 5);
    assert.equal(follower.core!.status.unreadable, 1);
    assert.equal(follower.core!.status.lastIndex, lastIndex);
    mended(rig, follower.name);
    rig.agree();
    // Found when it starts, too.
    follower.disk.rotten.add(4);
    rig.crash(follower);
    rig.restart(follower);
    assert.equal(follower.core!.status.unreadable, 1);
    mended(rig, follower.name);
    rig.agree();
    rig.equal();
  },

  // The hole is in a tail that is not committed: from the leader it is mended; where another entry was committed in its place, it is cut.
  RepairUncommittedHole: () => {
    const lab = new Lab({ log: [1, 1, 1, 1], term: 1, commit: 1 });
    lab.append(2, { term: 1, prevIndex: 4, prevTerm: 1, commit: 1 });
    lab.step({ kind: 'unreadable', indexes: [3] });
    lab.clear();
    lab.append(2, { term: 1, prevIndex: 4, prevTerm: 1, commit: 1 });
    assert.equal(lab.take('append-accepted')[0]?.match, 2, 'nothing past the hole is acknowledged');
    lab.receive('fetched', 2, { commit: 1, entries: [entry(3, 1)] });
    assert.equal(lab.status.unreadable, 0);
    lab.append(2, { term: 1, prevIndex: 4, prevTerm: 1, commit: 1 });
    assert.equal(lab.take('append-accepted')[0]?.match, 4);

    const superseded = new Lab({ log: [1, 1, 1, 1], term: 2, commit: 1 });
    superseded.step({ kind: 'unreadable', indexes: [3] });
    superseded.receive('fetched', 2, { commit: 2, entries: [entry(3, 2)] });
    assert.deepEqual(superseded.log, [1, 1, 1, 1], 'a peer whose commit does not cover it proves nothing');
    superseded.receive('fetched', 2, { commit: 3, entries: [entry(3, 2)] });
    assert.deepEqual(superseded.log, [1, 1]);
    assert.equal(superseded.status.unreadable, 0);
  },

  LeaderFindsHole: () => {
    const rig = new Rig(3);
    rig.agreeTimes(10);
    const leader = rig.leader();
    rot(rig, leader.name, 6);
    assert.equal(leader.isLeader, false, 'a leader that cannot read its log hands over at once');
    rig.until('another leads', () => rig.cluster.leader !== undefined && rig.cluster.leader !== leader);
    mended(rig, leader.name);
    rig.agree();
    rig.equal();
  },
});
