import assert from 'node:assert/strict';
import { isJoint } from '../../src/index.js';
import { changeMembers } from './hashicorp.js';
import { Lab, LabNet, member } from './lab.js';
import { Rig } from './rig.js';
import { scenariosOf } from './scenario.js';

/* What the suites above do not ask: check-quorum, reads, fast rejection, transfer, and members. Disks that fail are in `disks.ts`. */

function trio(settings = {}): LabNet {
  return new LabNet([1, 2, 3].map((id) => new Lab({ id, settings })));
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
