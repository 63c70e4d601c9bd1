import assert from 'node:assert/strict';
import type { SimNode } from '../node.js';
import { Rig, unreliable } from './rig.js';
import { scenariosOf } from './scenario.js';

/* MIT 6.5840's Raft lab: whole clusters, disconnections, crashes, unreliable networks, snapshots. */

/** Figure 8, again and again: leaders that append, sometimes commit, and fall; nothing committed may change. */
function figure8(rig: Rig, rounds: number, isCrashing: boolean): void {
  const { random } = rig.cluster;
  for (let round = 0; round < rounds; round++) {
    const leader = rig.nodes.find((node) => node.isLeader);
    if (leader !== undefined) rig.propose(leader);
    rig.runFor(random.below(10) === 0 ? random.below(rig.electionMs) : random.below(12));
    const away = rig.nodes.filter((node) =>
      isCrashing ? !node.isUp : rig.cluster.network.isCut(node.name, other(rig, node).name),
    );
    if (leader !== undefined && random.below(2) === 0 && away.length < 2) {
      if (isCrashing) rig.crash(leader);
      else rig.disconnect(leader);
    }
    if (away.length >= 2 || random.below(3) === 0) {
      const back = away[0];
      if (back !== undefined && isCrashing) rig.restart(back);
      else if (back !== undefined) rig.reconnect(back);
    }
  }
  rig.restart(...rig.nodes);
  rig.reconnect(...rig.nodes);
  rig.agree();
  rig.equal();
}

function other(rig: Rig, node: SimNode): SimNode {
  return rig.nodes.find((each) => each !== node)!;
}

/** Clients append all the while that nodes come, go and crash. */
function churn(rig: Rig): void {
  const { random, record } = rig.cluster;
  let isStopped = false;
  const client = (): void => {
    if (isStopped) return;
    const target = rig.nodes[random.below(rig.nodes.length)]!;
    rig.propose(rig.cluster.leader ?? target);
    rig.cluster.events.after(5 + random.below(20), client);
  };
  for (let at = 0; at < 3; at++) client();
  for (let round = 0; round < 20; round++) {
    const node = rig.nodes[random.below(rig.nodes.length)]!;
    const down = rig.nodes.filter((each) => !each.isUp).length;
    if (random.below(10) < 2) rig.disconnect(node);
    if (random.below(10) < 5) rig.restart(node);
    else if (down < 2) rig.crash(node);
    if (random.below(10) < 4) rig.reconnect(node);
    rig.runFor(rig.electionMs * 0.7);
  }
  isStopped = true;
  rig.restart(...rig.nodes);
  rig.reconnect(...rig.nodes);
  rig.agree();
  rig.equal();
  assert.ok(record.acks > 50, `only ${record.acks} appends were acknowledged`);
}

/** Appends while one node at a time is away or down, long enough for it to need a snapshot. */
function snapshots(isCrashing: boolean, isDisconnecting: boolean, network = {}): void {
  const rig = new Rig(3, {
    snapshotEvery: 10,
    snapshotPaddingBytes: 600,
    settings: { ...fast, snapshotChunkBytes: 128 },
  });
  rig.quality(network);
  for (let round = 0; round < 9; round++) {
    const leader = rig.leader();
    const victim = round % 3 === 1 ? leader : rig.followers()[0]!;
    if (isDisconnecting) rig.disconnect(victim);
    if (isCrashing) rig.crash(victim);
    rig.agreeTimes(25, isDisconnecting || isCrashing ? 2 : 3);
    if (isDisconnecting) rig.reconnect(victim);
    if (isCrashing) rig.restart(victim);
    rig.agree();
  }
  rig.equal();
  assert.ok(rig.nodes.every((node) => node.core!.snapshot !== null && node.core!.status.firstIndex > 150));
  if (isCrashing || isDisconnecting) assert.ok(rig.countSent('snapshot-chunk') > 0, 'no snapshot was sent');
}

const fast = { electionTimeoutMs: 300, heartbeatMs: 50, diskStallMs: 600, readTimeoutMs: 2000 };

export const mitScenarios = scenariosOf('MIT 6.5840', {
  InitialElection: () => {
    const rig = new Rig(3);
    const leader = rig.leader();
    const { term } = leader.core!;
    rig.runFor(rig.electionMs * 4);
    assert.equal(rig.leader(), leader);
    assert.ok(rig.nodes.every((node) => node.core!.term === term));
  },

  ReElection: () => {
    const rig = new Rig(3);
    const first = rig.leader();
    rig.disconnect(first);
    const second = rig.leader();
    assert.notEqual(second, first);
    rig.reconnect(first);
    rig.runFor(rig.electionMs);
    assert.equal(rig.leader(), second);
    const third = rig.followers()[0]!;
    rig.disconnect(second, third);
    rig.runFor(rig.electionMs * 3);
    rig.noLeader();
    rig.reconnect(third);
    rig.leader();
    rig.reconnect(second);
    rig.leader();
  },

  ManyElections: () => {
    const rig = new Rig(7);
    rig.leader();
    const { random } = rig.cluster;
    for (let round = 0; round < 10; round++) {
      const away = [0, 1, 2].map(() => rig.nodes[random.below(7)]!);
      rig.disconnect(...away);
      rig.leader();
      rig.reconnect(...away);
    }
    rig.leader();
  },

  BasicAgree: () => {
    const rig = new Rig(3);
    let last = 0;
    for (let round = 0; round < 3; round++) {
      const index = rig.agree();
      assert.ok(index > last);
      last = index;
    }
  },

  // Each payload goes to each peer about once.
  RPCBytes: () => {
    const rig = new Rig(3, { payloadBytes: 5000 });
    rig.agree();
    const before = rig.sentBytes;
    rig.agreeTimes(10);
    const bytes = rig.sentBytes - before;
    assert.ok(bytes <= 10 * 5000 * 2 + 50_000, `${bytes} bytes for 10 entries of 5000 to two peers`);
  },

  FollowerFailure: () => {
    const rig = new Rig(3);
    rig.agree();
    const [one, two] = rig.followers();
    rig.disconnect(one!);
    rig.agree(2);
    const leader = rig.leader();
    rig.disconnect(two!);
    const lost = rig.propose(leader);
    rig.runFor(rig.electionMs * 3);
    assert.notEqual(lost.outcome?.kind, 'committed');
  },

  LeaderFailure: () => {
    const rig = new Rig(3);
    rig.agree();
    rig.disconnect(rig.leader());
    rig.agree(2);
    const second = rig.leader();
    rig.disconnect(second);
    const lost = rig.nodes.map((node) => rig.propose(node));
    rig.runFor(rig.electionMs * 3);
    assert.ok(lost.every(({ outcome }) => outcome?.kind !== 'committed'));
  },

  FailAgree: () => {
    const rig = new Rig(3);
    rig.agree();
    const away = rig.followers()[0]!;
    rig.disconnect(away);
    rig.agreeTimes(4, 2);
    rig.runFor(rig.electionMs);
    rig.agreeTimes(2, 2);
    rig.reconnect(away);
    rig.agree(3);
    rig.equal();
  },

  FailNoAgree: () => {
    const rig = new Rig(5);
    rig.agree();
    const leader = rig.leader();
    const away = rig.followers().slice(0, 3);
    rig.disconnect(...away);
    const lost = rig.propose(leader);
    rig.runFor(rig.electionMs * 2);
    assert.notEqual(lost.outcome?.kind, 'committed');
    rig.reconnect(...away);
    rig.agree(5);
    rig.equal();
  },

  ConcurrentStarts: () => {
    const rig = new Rig(3);
    const proposals = Array.from({ length: 5 }, () => rig.propose(rig.leader()));
    rig.until('all five', () => proposals.every(({ outcome }) => outcome?.kind === 'committed'));
    const indexes = proposals.map(({ outcome }) => (outcome?.kind === 'committed' ? outcome.index : 0));
    assert.equal(new Set(indexes).size, 5);
  },

  Rejoin: () => {
    const rig = new Rig(3);
    rig.agree();
    const first = rig.leader();
    rig.disconnect(first);
    for (let at = 0; at < 3; at++) rig.propose(first);
    rig.agree(2);
    const second = rig.leader();
    rig.disconnect(second);
    rig.reconnect(first);
    rig.agree(2);
    rig.reconnect(second);
    rig.agree(3);
    rig.equal();
  },

  // Long conflicting logs on both sides are backed over quickly.
  Backup: () => {
    const rig = new Rig(5);
    rig.agree();
    const first = rig.leader();
    const [friend, ...rest] = rig.followers();
    rig.disconnect(...rest);
    for (let at = 0; at < 50; at++) rig.propose(first);
    rig.runFor(rig.electionMs * 2);
    rig.disconnect(first, friend!);
    rig.reconnect(...rest);
    rig.agreeTimes(50, 3);
    const second = rig.leader();
    const out = rig.followers()[0]!;
    rig.disconnect(out);
    for (let at = 0; at < 50; at++) rig.propose(second);
    rig.runFor(rig.electionMs * 2);
    rig.disconnect(...rig.nodes);
    rig.reconnect(first, friend!, out);
    rig.agreeTimes(50, 3);
    const rejections = rig.countSent('append-rejected');
    rig.reconnect(...rig.nodes);
    rig.agree(5);
    rig.equal();
    const more = rig.countSent('append-rejected') - rejections;
    assert.ok(more < 40, `${more} rejections for a handful of conflicting terms`);
  },

  // Messages stay proportional to work, and an idle cluster only beats.
  Count: () => {
    const rig = new Rig(3);
    rig.leader();
    const electing = rig.sent.length;
    assert.ok(electing < 60, `${electing} messages to elect a leader`);
    rig.agree();
    const before = rig.sent.length;
    rig.agreeTimes(10);
    const agreeing = rig.sent.length - before;
    assert.ok(agreeing < 10 * 12, `${agreeing} messages for 10 entries`);
    const idle = rig.sent.length;
    rig.runFor(1000);
    const beats = rig.sent.length - idle;
    assert.ok(beats <= 2 * 2 * 21, `${beats} messages in an idle second`);
  },

  Persist1: () => {
    const rig = new Rig(3);
    rig.agree();
    rig.crash(...rig.nodes);
    rig.restart(...rig.nodes);
    rig.agree();
    const leader = rig.leader();
    rig.crash(leader);
    rig.restart(leader);
    rig.agree();
    rig.crash(rig.leader());
    rig.agree(2);
    rig.restart(...rig.nodes);
    rig.agree();
    const follower = rig.followers()[0]!;
    rig.crash(follower);
    rig.agree(2);
    rig.restart(follower);
    rig.agree();
    rig.equal();
  },

  Persist2: () => {
    const rig = new Rig(5);
    for (let round = 0; round < 5; round++) {
      rig.agree();
      const leader = rig.leader();
      const [one, two, three, four] = rig.followers();
      rig.crash(one!, two!);
      rig.agree(3);
      rig.crash(leader, three!, four!);
      rig.restart(one!, two!);
      rig.runFor(rig.electionMs);
      rig.restart(three!);
      rig.agree(3);
      rig.restart(leader, four!);
    }
    rig.agree();
    rig.equal();
  },

  Persist3: () => {
    const rig = new Rig(3);
    rig.agree();
    const leader = rig.leader();
    const [near, far] = rig.followers();
    rig.disconnect(far!);
    rig.agree(2);
    rig.crash(leader, near!);
    rig.reconnect(far!);
    rig.restart(leader);
    rig.agree(2);
    rig.restart(near!);
    rig.agree();
    rig.equal();
  },

  Figure8: () => figure8(new Rig(5), 400, true),

  UnreliableAgree: () => {
    const rig = new Rig(5, { network: unreliable });
    for (let round = 0; round < 25; round++) {
      for (let at = 0; at < 4; at++) if (rig.cluster.leader !== undefined) rig.propose(rig.cluster.leader);
      rig.agree(3);
    }
    rig.quality({ drop: 0 });
    rig.agree();
    rig.equal();
  },

  Figure8Unreliable: () => {
    const rig = new Rig(5, { network: unreliable });
    figure8(rig, 400, false);
  },

  ReliableChurn: () => churn(new Rig(5)),
  UnreliableChurn: () => churn(new Rig(5, { network: unreliable })),

  SnapshotBasic: () => snapshots(false, false),
  SnapshotInstall: () => snapshots(false, true),
  SnapshotInstallUnreliable: () => snapshots(false, true, unreliable),
  SnapshotInstallCrash: () => snapshots(true, false),
  SnapshotInstallUnCrash: () => snapshots(true, false, unreliable),

  // All crash and come back with snapshots that hold everything.
  SnapshotAllCrash: () => {
    const rig = new Rig(3, { snapshotEvery: 10 });
    for (let round = 0; round < 5; round++) {
      rig.agreeTimes(15);
      const { count } = rig.nodes[0]!.machine;
      rig.crash(...rig.nodes);
      rig.restart(...rig.nodes);
      rig.agree();
      assert.ok(rig.nodes.every((node) => node.machine.count > count));
    }
    rig.equal();
  },

  // A node that starts from a snapshot writes the next one with everything in it.
  SnapshotInit: () => {
    const rig = new Rig(3, { snapshotEvery: 10 });
    rig.agreeTimes(12);
    rig.crash(...rig.nodes);
    rig.restart(...rig.nodes);
    rig.agreeTimes(12);
    rig.crash(...rig.nodes);
    rig.restart(...rig.nodes);
    rig.agree();
    rig.equal();
    assert.ok(rig.nodes.every((node) => node.machine.count === rig.cluster.record.acks));
  },
});
