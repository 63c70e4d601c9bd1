import assert from 'node:assert/strict';
import { isJoint } from '../../src/index.js';
import { empty } from '../faults.js';
import { changeMembers } from './hashicorp.js';
import { entry, Lab, LabNet, member } from './lab.js';
import { Rig } from './rig.js';
import { scenariosOf } from './scenario.js';

/* What the suites above do not ask: check-quorum, reads, fast rejection, transfer, members, and disks that fail. */

function trio(settings = {}): LabNet {
  return new LabNet([1, 2, 3].map((id) => new Lab({ id, settings })));
}

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

export const beyondScenarios = scenariosOf('etcd and others', {
  // Cut from each other, both campaign; one wins through the third, and the loser follows in the end.
  DuelingCandidates: () => {
    const net = trio({ isPreVoteOn: false });
    net.isLost = (message) => [message.from, message.to].every((each) => each !== member(2));
    net.campaign(1);
    assert.equal(net.lab(1).role, 'leader');
    net.campaign(3);
    assert.equal(net.lab(3).role, 'candidate');
    net.recover();
    for (let round = 0; round < 200 && !net.isSettled; round++) net.pass(20);
    const leaders = net.labs.filter((lab) => lab.role === 'leader');
    assert.equal(leaders.length, 1);
    for (const lab of net.labs) assert.deepEqual(lab.log, leaders[0]!.log);
    // Its log was the shorter, so the duelist can only have lost.
    assert.notEqual(leaders[0], net.lab(3));
  },

  // A member without pre-vote comes back with a higher term: while a leader lives its requests are ignored by the others.
  DisruptiveFollower: () => {
    const net = trio({ isPreVoteOn: false });
    net.campaign(1);
    net.pass(50);
    const { term } = net.lab(1).core;
    for (const other of [1, 2]) {
      const lab = net.lab(other);
      lab.receive('request-vote', 3, { term: term + 1, lastIndex: 99, lastTerm: term, isTransfer: false });
      assert.equal(lab.core.term, term);
      assert.equal(lab.take('vote-granted').length, 0);
    }
    assert.equal(net.lab(1).role, 'leader');
  },

  // Stuck in a term above the leader's, a member could never follow; it tells the leader, who makes room for an election.
  FreeStuckCandidateWithCheckQuorum: () => {
    const net = trio({ isPreVoteOn: false });
    net.campaign(1);
    net.isolate(3);
    for (let round = 0; round < 40; round++) net.pass(20);
    const stuck = net.lab(3);
    assert.equal(stuck.role, 'candidate');
    assert.ok(stuck.core.term > net.lab(1).core.term);
    net.recover();
    net.pass(800);
    const leaders = net.labs.filter((lab) => lab.role === 'leader');
    assert.equal(leaders.length, 1);
    assert.ok(net.labs.every((lab) => lab.core.term === leaders[0]!.core.term && lab.core.leader === leaders[0]!.self));
  },

  // §8: what the new leader's predecessors committed is not known to it until an entry of its own commits.
  ReadOnlyForNewLeader: () => {
    const lab = new Lab({ log: [1, 1], term: 1, commit: 1, settings: { isPreVoteOn: false } }).becomeLeader([2]);
    lab.clear();
    lab.step({ kind: 'read', token: 7 });
    for (let round = 1; round <= 5; round++) lab.receive('heartbeat-ack', 2, { round: 1 });
    assert.equal(
      lab.effects.some((effect) => effect.kind === 'read-ready'),
      false,
    );
    lab.receive('append-accepted', 2, { match: 3 });
    const { round } = lab.take('heartbeat').at(-1)!;
    assert.equal(
      lab.effects.some((effect) => effect.kind === 'read-ready'),
      false,
    );
    lab.receive('heartbeat-ack', 2, { round });
    assert.deepEqual(
      lab.effects.find((effect) => effect.kind === 'read-ready'),
      { kind: 'read-ready', token: 7, index: 3 },
    );
  },

  // Whole terms are skipped, from either side, instead of one entry per answer.
  FastLogRejection: () => {
    const cases: [number[], number[], number][] = [
      // The follower's tail is of a term that the leader never had.
      [[1, 2, 2, 4, 4, 4, 4], [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3], 2],
      // The leader's is of terms that the follower never had.
      [[1, 3, 3, 3, 3, 3, 3, 3, 3], [1, 2, 2, 2, 2], 2],
      [[1, 1, 1, 1, 1, 1, 1, 1, 5], [1, 1], 2],
      [[1, 3, 3, 5, 5, 5], [1, 2, 2, 4, 4, 4, 4, 4], 3],
    ];
    for (const [leaderLog, followerLog, rejectionsMax] of cases) {
      const net = new LabNet([
        new Lab({ id: 1, log: leaderLog, term: 6, settings: { isPreVoteOn: false } }),
        new Lab({ id: 2, log: followerLog, term: 6, settings: { isPreVoteOn: false } }),
        new Lab({ id: 3, log: leaderLog, term: 6, settings: { isPreVoteOn: false } }),
      ]);
      let rejections = 0;
      net.isLost = (message) => {
        if (message.kind === 'append-rejected' && message.from === member(2)) rejections += 1;
        return false;
      };
      net.campaign(1);
      net.pass(60);
      assert.deepEqual(net.lab(2).log, net.lab(1).log);
      assert.ok(rejections <= rejectionsMax, `${rejections} rejections`);
    }
  },

  // Some already ask before they campaign, one does not yet and is ahead in term with a shorter log.
  PreVoteMigrationCanCompleteElection: () => {
    const net = new LabNet([
      new Lab({ id: 1, settings: { isPreVoteOn: true } }),
      new Lab({ id: 2, settings: { isPreVoteOn: true } }),
      new Lab({ id: 3, settings: { isPreVoteOn: false } }),
    ]);
    net.campaign(1);
    assert.equal(net.lab(1).role, 'leader');
    net.isolate(3);
    net.lab(1).propose();
    net.pass(400);
    assert.ok(net.lab(3).core.term > net.lab(1).core.term);
    // The leader is gone for good: the other two must find one, whatever their terms.
    net.isolate(1);
    net.pass(2000);
    assert.equal(net.lab(2).role, 'leader', 'only this one has the whole log');
    assert.equal(net.lab(3).core.leader, member(2));
  },

  LeaderTransferToUpToDateNode: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    const target = rig.followers()[0]!;
    leader.command({ kind: 'transfer', to: target.member });
    rig.until('the target leads', () => target.isLeader, rig.electionMs / 2);
    assert.equal(leader.isLeader, false);
    rig.agree();
  },

  // The target lacks entries: it gets them first, and proposals are refused meanwhile.
  LeaderTransferToSlowFollower: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    const target = rig.followers()[0]!;
    rig.disconnect(target);
    rig.agreeTimes(20, 2);
    rig.reconnect(target);
    leader.command({ kind: 'transfer', to: target.member });
    const refused = rig.propose(leader);
    assert.deepEqual(refused.outcome, { kind: 'not-applied', reason: 'transferring' });
    rig.until('the target leads', () => target.isLeader, rig.electionMs);
    rig.agree();
    rig.equal();
  },

  // The target does not answer: after an election timeout the leader goes on as before.
  LeaderTransferTimeout: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    const target = rig.followers()[0]!;
    rig.disconnect(target);
    rig.agree(2);
    leader.command({ kind: 'transfer', to: target.member });
    assert.equal(rig.propose(leader).outcome?.kind, 'not-applied');
    rig.runFor(rig.electionMs * 1.5);
    assert.equal(rig.leader(), leader);
    rig.agree(2);
  },

  // A member that is removed while leadership is on its way to it does not get it.
  LeaderTransferRemovedNode: () => {
    const rig = new Rig(4);
    rig.agree();
    const leader = rig.leader();
    const target = rig.followers()[0]!;
    const { voters } = leader.core!.configuration.configuration;
    changeMembers(
      rig,
      voters.filter((voter) => voter !== target.member),
    );
    let isDone: boolean | null = null;
    leader.command({ kind: 'transfer', to: target.member }, (effects) => {
      for (const effect of effects ?? []) if (effect.kind === 'transfer-ended') isDone = effect.isDone;
    });
    assert.equal(isDone, false);
    assert.equal(rig.leader(), leader);
    rig.agree(3);
  },

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

  // Whoever crashes, in whichever half of the change: it is finished, once, and one set of voters remains.
  JointConsensusCrashInEveryPhase: () => {
    for (const victim of ['leader', 'follower', 'all'] as const) {
      for (let phase = 0; phase < 8; phase++) {
        const rig = new Rig(3, { seed: `joint ${victim} ${phase}`, spares: 2 });
        rig.agree(3);
        const [, second] = rig.nodes;
        const [four, five] = rig.nodes.slice(3);
        const { voters } = rig.leader().core!.configuration.configuration;
        changeMembers(rig, voters, [four!.member, five!.member]);
        const wanted = [second!.member, four!.member, five!.member];
        rig.until('they have caught up', () => {
          const { leader } = rig.cluster;
          if (leader === undefined) return false;
          const { index, configuration } = leader.core!.configuration;
          if (isJoint(configuration)) return true;
          leader.command({ kind: 'propose-membership', expects: index, voters: wanted, learners: [] });
          return false;
        });
        // The joint entry is on its way: every phase is half a millisecond and a few events later than the one before.
        rig.runFor(phase * 0.7);
        const leader = rig.cluster.leader ?? rig.nodes[0]!;
        const victims = victim === 'all' ? rig.nodes : [victim === 'leader' ? leader : second!];
        rig.crash(...victims);
        rig.runFor(rig.electionMs * 2);
        rig.restart(...victims);
        rig.until('the change is over', () => {
          const now = rig.cluster.leader?.core;
          return (
            now !== undefined &&
            now !== null &&
            !isJoint(now.configuration.configuration) &&
            now.configuration.index <= now.commitIndex
          );
        });
        const after = [...rig.cluster.leader!.core!.configuration.configuration.voters].sort();
        const isOld = after.join() === [...voters].sort().join();
        assert.ok(isOld || after.join() === [...wanted].sort().join(), after.join());
        const proposal = rig.propose(rig.cluster.leader!);
        rig.until('it commits', () => proposal.outcome !== null);
      }
    }
  },

  // Not before: a voter that lacks the log would stop commits.
  LearnerPromotedWhenCaughtUp: () => {
    const rig = new Rig(3);
    rig.agreeTimes(20);
    const learner = rig.cluster.addNode();
    rig.disconnect(learner);
    const { voters } = rig.leader().core!.configuration.configuration;
    changeMembers(rig, voters, [learner.member]);
    const promote = (): string | null => {
      let reason: string | null = null;
      const leader = rig.leader();
      const expects = leader.core!.configuration.index;
      leader.command(
        { kind: 'propose-membership', expects, voters: [...voters, learner.member], learners: [] },
        (effects) => {
          for (const effect of effects ?? []) if (effect.kind === 'refused') reason = effect.reason;
        },
      );
      return reason;
    };
    rig.runFor(rig.electionMs);
    assert.equal(promote(), 'not-caught-up');
    rig.reconnect(learner);
    rig.until('it has caught up', () => promote() === null);
    changeMembers(rig, [...voters, learner.member]);
    rig.agree(4);
    // And it can vote: without it, two of four are no quorum.
    rig.crash(rig.nodes.find((node) => node !== learner && !node.isLeader)!);
    rig.agree(3);
  },

  RemovedNodeDoesNotDisrupt: () => {
    const rig = new Rig(4);
    rig.agree();
    const leader = rig.leader();
    const removed = rig.followers()[0]!;
    const { voters } = leader.core!.configuration.configuration;
    // It is away when it is removed, so that it goes on campaigning, not knowing.
    rig.disconnect(removed);
    changeMembers(
      rig,
      voters.filter((voter) => voter !== removed.member),
    );
    rig.reconnect(removed);
    const { term } = leader.core!;
    rig.runFor(rig.electionMs * 10);
    assert.equal(rig.leader(), leader);
    assert.equal(leader.core!.term, term);
  },

  // A follower with a long conflicting tail gets a snapshot: the tail goes, and nothing loops (hashicorp/raft 697).
  SnapshotDuringConflict: () => {
    const rig = new Rig(3, {
      snapshotEvery: 10,
      snapshotPaddingBytes: 300,
      settings: { electionTimeoutMs: 300, heartbeatMs: 50, diskStallMs: 600, snapshotChunkBytes: 64 },
    });
    rig.agree();
    const first = rig.leader();
    rig.disconnect(first);
    for (let at = 0; at < 40; at++) rig.propose(first);
    rig.runFor(200);
    const { lastIndex } = first.core!.status;
    rig.agreeTimes(25, 2);
    const chunks = rig.countSent('snapshot-chunk');
    assert.ok(rig.leader().core!.status.firstIndex > 2);
    assert.ok(lastIndex > rig.leader().core!.snapshot!.index, 'the tail reaches past the snapshot');
    rig.reconnect(first);
    rig.agree();
    rig.equal();
    const sent = rig.countSent('snapshot-chunk') - chunks;
    assert.ok(sent > 0 && sent < 40, `${sent} chunks`);
  },
});
