import type { Counters, EnvelopeCounters } from '../src/index.js';
import type { SimCluster } from './cluster.js';

const ofCore: readonly (readonly [keyof Counters, string])[] = [
  ['refutations', 'a claim was refuted'],
  ['probesSavedByOthers', 'a probe was saved by another member'],
  ['probesSavedByStream', 'a probe was saved by a stream'],
  ['leaps', 'a forged incarnation was refused'],
];
const ofEnvelope: readonly (readonly [keyof EnvelopeCounters, string])[] = [
  ['unproven', 'a packet without a token was challenged'],
  ['replayed', 'a replay was refused'],
];

/** Notes the rare states that a run comes through. */
export function watchStates(cluster: SimCluster): void {
  const { sometimes } = cluster;
  if (cluster.nodes.length > 100) sometimes.reached('more than 100 members');
  const gaveUp = new Set<string>();
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'failed') {
      gaveUp.add(`${node.name} ${member.name}`);
      if (gaveUp.has(`${member.name} ${node.name}`)) sometimes.reached('two halves had given each other up');
    }
    if (kind === 'joined' && gaveUp.delete(`${node.name} ${member.name}`)) {
      sometimes.reached('a member was taken for failed and came back');
    }
  });
  // Counters end with their process, so they are looked at while it runs.
  const look = (): void => {
    for (const { core, envelope } of cluster.nodes) {
      if (core === undefined || envelope === undefined) continue;
      for (const [counter, state] of ofCore) if (core.counters[counter] > 0) sometimes.reached(state);
      for (const [counter, state] of ofEnvelope) if (envelope.counters[counter] > 0) sometimes.reached(state);
    }
    cluster.events.after(2_000, look);
  };
  cluster.events.after(2_000, look);
}
