import { type Configuration, isJoint, type MemberId, type Membership, nodeOf } from '@commitlog/raft';

/** What is known of a node, beyond what gossip says of itself. */
export interface KnownNode {
  /** The disk it runs on, proved by a handshake over mutual TLS. A wiped disk is another one. */
  readonly member: MemberId;
  /** Since when gossip has taken it for failed, in ms of `nowMs`'s clock; `undefined`: it is alive, or only suspected. */
  readonly failedSinceMs: number | undefined;
}

/** What a leader sees when it looks whether the members are those that there should be. */
export interface ClusterView {
  readonly nowMs: number;
  /** The leader. */
  readonly self: MemberId;
  readonly configuration: Configuration;
  /** How many nodes should vote, once there are so many. Odd. */
  readonly targetVoters: number;
  /** By node id. */
  readonly nodes: ReadonlyMap<string, KnownNode>;
  /** Nodes that were removed: they stay out until somebody adds them again. */
  readonly removed: ReadonlySet<string>;
  /** Learners that have the whole log, and since when. */
  readonly caughtUpSinceMs: ReadonlyMap<MemberId, number>;
}

export interface ReconcileSettings {
  /** How long a learner must have kept up before it is given a vote. */
  readonly stableMs: number;
  /** How long a voter must have been failed before another takes its place. A pause, a restart or an update is shorter. */
  readonly graceMs: number;
}

/** One change of the members, to be asked for now. */
export interface Change {
  readonly wanted: Membership;
  /** For people. */
  readonly why: string;
}

/**
 * What to change, if anything: one thing at a time, judged by how things are and not by what has happened, so that it may be asked at any time and
 * as often as one likes. Gossip alone never takes a vote away: a voter that failed is only ever swapped for a learner that has its whole log, and
 * stays where there is none.
 */
export function reconcile(view: ClusterView, settings: ReconcileSettings): Change | undefined {
  if (isJoint(view.configuration)) return undefined;
  return (
    expel(view, settings) ??
    welcome(view) ??
    swapWipedDisk(view, settings) ??
    grow(view, settings) ??
    swapFailed(view, settings) ??
    shrink(view)
  );
}

/**
 * Nodes that were removed leave, voters among them all at once; learners that have the whole log take their places. Where there are none, fewer
 * vote: two of three keep every record on two disks, which one alone would not. The last voter stays.
 */
function expel(view: ClusterView, settings: ReconcileSettings): Change | undefined {
  const { configuration, removed } = view;
  const stays = (member: MemberId): boolean => !removed.has(nodeOf(member));
  const out = [...configuration.voters, ...configuration.learners].filter((member) => !stays(member));
  if (out.length === 0) return undefined;
  const voters = configuration.voters.filter(stays);
  const ready = readyLearners(view, settings)
    .filter(stays)
    .slice(0, configuration.voters.length - voters.length);
  if (voters.length + ready.length === 0) return undefined;
  const learners = configuration.learners.filter((learner) => stays(learner) && !ready.includes(learner));
  return { wanted: { voters: [...voters, ...ready], learners }, why: `${out.join(', ')} removed` };
}

/** Nodes that came, and disks that known nodes came back with, first become learners. Of one node, the newest disk. */
function welcome({ configuration, nodes, removed }: ClusterView): Change | undefined {
  const { voters, learners } = configuration;
  const isMember = (member: MemberId): boolean => voters.includes(member) || learners.includes(member);
  const come = [...nodes].filter(
    ([node, { member, failedSinceMs }]) => failedSinceMs === undefined && !removed.has(node) && !isMember(member),
  );
  if (come.length === 0) return undefined;
  const comeNodes = new Set(come.map(([node]) => node));
  const kept = learners.filter((learner) => !comeNodes.has(nodeOf(learner)));
  const members = come.map(([, { member }]) => member);
  return { wanted: { voters, learners: [...kept, ...members] }, why: `${members.join(', ')} came: to learn the log` };
}

/** A voter whose node has another disk now has forgotten what it promised: the new one takes its place once it has the log. */
function swapWipedDisk(view: ClusterView, settings: ReconcileSettings): Change | undefined {
  for (const voter of view.configuration.voters) {
    const now = view.nodes.get(nodeOf(voter))?.member;
    if (now === undefined || now === voter || !isReady(view, settings, now)) continue;
    return swap(view, voter, now, `${nodeOf(voter)} has a new disk`);
  }
  return undefined;
}

/** To the next odd number of voters, in one step: an even number survives no more failures than the odd one below it. */
function grow(view: ClusterView, settings: ReconcileSettings): Change | undefined {
  const { configuration, targetVoters } = view;
  const { voters, learners } = configuration;
  const size = voters.length + (voters.length % 2 === 0 ? 1 : 2);
  if (size > targetVoters) return undefined;
  const ready = readyLearners(view, settings).slice(0, size - voters.length);
  if (voters.length + ready.length < size) return undefined;
  const wanted = {
    voters: [...voters, ...ready],
    learners: learners.filter((learner) => !ready.includes(learner)),
  };
  return { wanted, why: `${ready.join(', ')} kept up: ${size} voters` };
}

function swapFailed(view: ClusterView, settings: ReconcileSettings): Change | undefined {
  const [ready] = readyLearners(view, settings);
  if (ready === undefined) return undefined;
  const { nowMs, self, configuration, nodes } = view;
  for (const voter of configuration.voters) {
    const failedSinceMs = nodes.get(nodeOf(voter))?.failedSinceMs;
    if (voter === self || failedSinceMs === undefined || nowMs - failedSinceMs < settings.graceMs) continue;
    return swap(view, voter, ready, `${voter} has failed`);
  }
  return undefined;
}

/** To `targetVoters` where that was lowered, two voters at a time: those that failed first, and never the leader. */
function shrink({ self, configuration, targetVoters, nodes }: ClusterView): Change | undefined {
  const { voters, learners } = configuration;
  if (voters.length <= targetVoters) return undefined;
  const isFailed = (voter: MemberId): boolean => nodes.get(nodeOf(voter))?.failedSinceMs !== undefined;
  const others = voters.filter((voter) => voter !== self);
  const inOrder = [...others.filter(isFailed), ...others.filter((voter) => !isFailed(voter)).reverse()];
  const demoted = inOrder.slice(0, voters.length - Math.max(targetVoters, voters.length - 2));
  const wanted = { voters: voters.filter((voter) => !demoted.includes(voter)), learners: [...learners, ...demoted] };
  return { wanted, why: `${demoted.join(', ')} to learner: ${targetVoters} voters are enough` };
}

/** Learners that could vote at once, of nodes that do not vote yet, in the order in which they caught up. */
function readyLearners(view: ClusterView, settings: ReconcileSettings): MemberId[] {
  const { configuration, caughtUpSinceMs } = view;
  const votingNodes = new Set(configuration.voters.map(nodeOf));
  return configuration.learners
    .filter((learner) => !votingNodes.has(nodeOf(learner)) && isReady(view, settings, learner))
    .sort((one, other) => caughtUpSinceMs.get(one)! - caughtUpSinceMs.get(other)!);
}

function isReady(view: ClusterView, { stableMs }: ReconcileSettings, member: MemberId): boolean {
  const { nowMs, configuration, nodes, caughtUpSinceMs } = view;
  const node = nodes.get(nodeOf(member));
  const caughtUpSince = caughtUpSinceMs.get(member);
  return (
    configuration.learners.includes(member) &&
    node?.member === member &&
    node.failedSinceMs === undefined &&
    caughtUpSince !== undefined &&
    nowMs - caughtUpSince >= stableMs
  );
}

/** A failed node's disk goes on as a learner, should it come back; a disk that its own node has replaced is gone. */
function swap({ configuration, nodes }: ClusterView, out: MemberId, into: MemberId, why: string): Change {
  const { voters, learners } = configuration;
  const isReplaced = nodes.get(nodeOf(out))?.member !== out;
  const left = learners.filter((learner) => learner !== into);
  return {
    wanted: {
      voters: voters.map((voter) => (voter === out ? into : voter)),
      learners: isReplaced ? left : [...left, out],
    },
    why: `${why}: ${into} takes the place of ${out}`,
  };
}
