import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import { Violation } from '../violation.js';

/** Five members, of whom one can be reached by streams alone: that is enough, nobody may even suspect anybody. */
export function firewalled(seed: string): void {
  const cluster = new SimCluster({
    seed: `firewalled ${seed}`,
    nodes: 5,
    settings: profiles.lan,
    network: calmNetwork,
    isSealed: false,
  });
  cluster.startTogether();
  cluster.runFor(5_000);
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'suspected') throw new Violation('streams save whom packets miss', `${node.name}: ${member.name}`);
  });
  cluster.firewalled.add('n3');
  cluster.runFor(20_000);
}
