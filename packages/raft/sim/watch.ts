import { type Effect, type Index, type Input, isJoint, type MemberId } from '../src/index.js';
import type { SimCluster } from './cluster.js';
import type { SimNode } from './node.js';

/** Counts the rare states as they go by. Looks only; nothing in the cluster depends on it. */
export function watchStates(cluster: SimCluster): void {
  const { sometimes } = cluster;
  const wasLearner = new Set<MemberId>();
  const holes = new Map<SimNode, number>();
  const jointLeader = new Map<Index, string>();
  /** Entries past commit, as of the last step. */
  const undecided = new Map<SimNode, number>();
  const waitingReads = new Set<string>();
  const leading = new Set<SimNode>();
  const isPreparing = new Map<SimNode, { candidacies: number; term: number }>();

  const stepped = (node: SimNode, input: Input, effects: readonly Effect[]): void => {
    const core = node.core!;
    const { status } = core;
    const mended = (holes.get(node) ?? 0) > 0 && status.unreadable === 0;
    if (mended) sometimes.reached('a hole was mended');
    holes.set(node, status.unreadable);
    const isInstalling = effects.some((effect) => effect.kind === 'restore');
    if (isInstalling && (undecided.get(node) ?? 0) > 0)
      sometimes.reached('a snapshot replaced a log that held uncommitted entries');
    undecided.set(node, status.lastIndex - status.commitIndex);
    const isNew = core.isLeader && core.termAt(core.commitIndex) !== core.term;
    if (input.kind === 'read' && isNew) waitingReads.add(`${node.member}/${input.token}`);
    for (const effect of effects) watch(node, input, effect);
  };

  const watch = (node: SimNode, input: Input, effect: Effect): void => {
    const core = node.core!;
    switch (effect.kind) {
      case 'role':
        if (effect.role === 'leader') elected(node);
        else steppedDown(node, effect.cause);
        if (effect.role === 'pre-candidate' || effect.role === 'candidate') campaigned(node);
        break;
      case 'configuration':
        configured(node, effect.index);
        break;
      case 'restore':
        sometimes.reached('a snapshot replaced a log');
        break;
      case 'stage-chunk':
        if (effect.offset > 0) sometimes.reached('a snapshot transfer was resumed at an offset');
        break;
      case 'read':
        sometimes.reached('entries were read back from disk for a follower');
        break;
      case 'read-ready': {
        if (!core.isLeader) sometimes.reached('a read was served by a follower');
        const key = `${node.member}/${effect.token}`;
        if (waitingReads.delete(key)) sometimes.reached('a read waited for a new leader to commit');
        break;
      }
      case 'refused':
        if (effect.reason === 'overloaded') sometimes.reached('a proposal was refused for want of room');
        break;
      case 'transfer-ended':
        if (effect.isDone) sometimes.reached('a leadership transfer was completed');
        break;
      case 'send':
        if (effect.message.kind === 'pre-vote-refused' && input.kind === 'message' && core.leader !== null) {
          sometimes.reached('a pre-vote was refused because a leader lives');
        }
        if (effect.message.kind === 'fetched-snapshot' && !core.isLeader)
          sometimes.reached('a member that does not lead was asked for its snapshot');
        break;
      default:
    }
  };

  const steppedDown = (node: SimNode, cause: string): void => {
    if (!leading.delete(node)) return;
    const state = causeStates[cause];
    if (state !== undefined) sometimes.reached(state);
  };

  const campaigned = (node: SimNode): void => {
    const core = node.core!;
    const seen = isPreparing.get(node) ?? { candidacies: 0, term: 0 };
    if (core.status.role === 'candidate') {
      if (seen.term + 1 === core.term && seen.candidacies > 0) sometimes.reached('an election was split and repeated');
      isPreparing.set(node, { candidacies: seen.candidacies + 1, term: core.term });
    }
  };

  const elected = (node: SimNode): void => {
    isPreparing.delete(node);
    leading.add(node);
    const { configuration, index } = node.core!.configuration;
    if (isJoint(configuration)) {
      if (jointLeader.has(index) && jointLeader.get(index) !== node.name) {
        sometimes.reached('a leader changed in a joint configuration');
      }
      jointLeader.set(index, node.name);
    }
    if (cluster.nodes.some((other) => other !== node && other.isLeader)) {
      sometimes.reached('two members led at once, in different terms');
    }
  };

  const configured = (node: SimNode, index: Index): void => {
    const core = node.core!;
    const { configuration } = core.configuration;
    if (index < (seenConfiguration.get(node) ?? 0)) sometimes.reached('a configuration was rolled back with its entry');
    seenConfiguration.set(node, index);
    if (isJoint(configuration)) {
      if (core.isLeader) jointLeader.set(index, node.name);
      if (cluster.network.cuts > 0) sometimes.reached('a joint configuration while a link was cut');
    }
    for (const learner of configuration.learners) wasLearner.add(learner);
    if (isJoint(configuration)) return;
    for (const voter of configuration.voters) {
      if (wasLearner.delete(voter)) {
        sometimes.reached('a learner became a voter');
        if (!voter.endsWith('@s1')) sometimes.reached('a wiped node was swapped for itself');
      }
    }
  };
  const seenConfiguration = new Map<SimNode, Index>();

  cluster.watchers.push(stepped);
  for (const node of cluster.nodes) {
    let lastEffects: readonly Effect[] = [];
    cluster.watchers.push((stepper, _input, effects) => {
      if (stepper === node) lastEffects = effects;
    });
    node.onCrash = (crashed, lost, wasLeader, wasBetween) => {
      if (wasBetween) sometimes.reached('a crash between two effects of one step');
      if (lost === 'part') sometimes.reached('a crash tore a group of writes');
      if (lost === 'all') sometimes.reached('a crash lost a whole group of writes');
      const hasAppended = lastEffects.some((effect) => effect.kind === 'persist' && effect.entries.length > 0);
      if (wasLeader && (lost === 'all' || lost === 'part' || hasAppended)) {
        sometimes.reached('a leader crashed between append and sync');
      }
      leading.delete(crashed);
      undecided.delete(crashed);
      holes.delete(crashed);
      seenConfiguration.delete(crashed);
      lastEffects = [];
    };
  }
}

/** Step-downs are told apart by their cause. */
const causeStates: Readonly<Record<string, string>> = {
  'is no voter any more': 'a leader that was no voter any more stepped down',
  'cannot read its log': 'a leader found a hole and stepped down',
  'its disk stalls': 'a stalled disk cost its leader the leadership',
  'a write failed': 'a leader out of space stepped down',
  'heard from no quorum': 'a leader without a quorum stepped down',
};
