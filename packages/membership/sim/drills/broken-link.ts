import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import { Violation } from '../violation.js';
import { startAcquainted } from './acquainted.js';

/** Five members, of whom two cannot reach each other in any way: the others can, so nobody may even suspect anybody. */
export function brokenLink(seed: string): void {
  const cluster = new SimCluster({
    seed: `broken link ${seed}`,
    nodes: 5,
    settings: profiles.lan,
    network: calmNetwork,
    isSealed: false,
  });
  startAcquainted(cluster);
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'suspected') throw new Violation('others bridge a broken link', `${node.name}: ${member.name}`);
  });
  cluster.network.partition(['n2'], ['n4']);
  cluster.runFor(20_000);
}
