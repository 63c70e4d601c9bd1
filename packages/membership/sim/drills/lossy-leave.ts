import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import { Violation } from '../violation.js';

/**
 * Nine members, of whom one leaves while many packets are lost: who missed that finds it gone, says so, and hears that it left before it
 * gives it up, however few have heard it. Anti-entropy, which would tell all in the end, is not waited for.
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
  // Without anti-entropy one may not have heard that it came.
  const knowing = cluster.nodes.filter(({ core }) => core!.member(leaver.name) !== undefined);
  knowing.splice(knowing.indexOf(leaver), 1);
  const heard = new Set<string>();
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'left') heard.add(node.name);
    if (kind === 'failed') throw new Violation('a leave is heard', `${node.name} gave up ${member.name}, which left`);
  });
  leaver.leave();
  cluster.runFor(1_000);
  cluster.network.quality = calmNetwork;
  if (cluster.runUntil(() => heard.size === knowing.length, 40_000)) return;
  throw new Violation('a leave is heard', `${heard.size} of ${knowing.length} know that ${leaver.name} left`);
}
