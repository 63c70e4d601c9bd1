import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import { Violation } from '../violation.js';

/** So many must have heard of a leave before all can be expected to. */
const heardMin = 3;

/**
 * Nine members, of whom one leaves while many packets are lost: who missed that finds it gone, says so, and hears from
 * those who did not that it left. Where next to none of the leaver's packets arrived, what one or two know can come after the
 * others' suspicion has run out.
 */
export function lossyLeave(seed: string): void {
  const cluster = new SimCluster({
    seed: `lossy leave ${seed}`,
    nodes: 9,
    settings: { ...profiles.lan, pushPullIntervalMs: 3_600_000 },
    network: calmNetwork,
    isSealed: false,
  });
  cluster.startTogether();
  cluster.runFor(5_000);
  cluster.network.quality = { ...calmNetwork, drop: 0.3 };
  const leaver = cluster.nodes[4]!;
  let heard = 0;
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'left') heard += 1;
    if (heard >= heardMin && kind === 'failed' && member.name === leaver.name) {
      throw new Violation('a leave is heard', `${node.name} gave up ${member.name}, which left`);
    }
  });
  leaver.leave();
  cluster.runFor(1_000);
  cluster.network.quality = calmNetwork;
  cluster.runFor(40_000);
}
