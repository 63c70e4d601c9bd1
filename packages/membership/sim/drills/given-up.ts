import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import type { SimNode } from '../node.js';
import { firstDifference, haveConverged } from '../views.js';
import { Violation } from '../violation.js';
import { startAcquainted } from './acquainted.js';

/**
 * Two halves that have just given each other up, and nothing that looks for the lost but gossip: what there is to tell goes to the dead too,
 * so each half soon hears of the other.
 */
export function givenUp(seed: string): void {
  const cluster = new SimCluster({
    seed: `given up ${seed}`,
    nodes: 6,
    settings: { ...profiles.lan, reconnectIntervalMs: 3_600_000 },
    network: calmNetwork,
    isSealed: false,
  });
  startAcquainted(cluster);
  const names = cluster.nodes.map(({ name }) => name);
  cluster.network.partition(names.slice(0, 3), names.slice(3));
  if (!cluster.runUntil(() => cluster.nodes.every(hasGivenUpHalf), 60_000)) {
    throw new Violation('a partition is noticed', 'not everybody had given up the other half after a minute');
  }
  cluster.network.healAll();
  for (let second = 0; second < 10; second++) {
    for (const node of [cluster.nodes[0]!, cluster.nodes[5]!]) node.step({ kind: 'set-tags', tags: { second } });
    cluster.runFor(1_000);
  }
  if (cluster.runUntil(() => haveConverged(cluster), 30_000)) return;
  throw new Violation('gossip reaches the recently dead', firstDifference(cluster) ?? 'they differ in number');
}

function hasGivenUpHalf({ view }: SimNode): boolean {
  return view.length === 3;
}
