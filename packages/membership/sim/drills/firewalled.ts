import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import type { SimNode } from '../node.js';
import { Violation } from '../violation.js';
import { startAcquainted } from './acquainted.js';

/** Five members, of whom one can be reached by streams alone: that is enough, nobody may even suspect anybody, and all hear when it leaves. */
export function firewalled(seed: string): void {
  const cluster = new SimCluster({
    seed: `firewalled ${seed}`,
    nodes: 5,
    settings: profiles.lan,
    network: calmNetwork,
    isSealed: false,
  });
  startAcquainted(cluster);
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'suspected') throw new Violation('streams save whom packets miss', `${node.name}: ${member.name}`);
  });
  cluster.firewalled.add('n3');
  cluster.runFor(20_000);
  cluster.watchers.pop();
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'failed') throw new Violation('a leave is heard', `${node.name} gave up ${member.name}, which left`);
  });
  cluster.node('n3')!.leave();
  const knowsOfLeave = ({ core }: SimNode): boolean => core!.member('n3')?.status === 'left';
  if (cluster.runUntil(() => cluster.there.every(knowsOfLeave), 60_000)) return;
  throw new Violation('a leave is heard', 'not everybody knows of one that was told by a stream alone');
}
