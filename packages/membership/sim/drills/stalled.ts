import { SeededRandom } from '@commitlog/simulation';
import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import { Violation } from '../violation.js';

const stallMs = 3_000;

/**
 * Three members in one data centre, of whom one stands still for 3 s, at any moment: nobody may give up anybody. Where no
 * packets are lost it may not even suspect anybody itself.
 */
export function stalledOfThree(seed: string): void {
  const random = new SeededRandom(`stalled ${seed}`);
  const network = { ...calmNetwork, drop: random.chance(0.5) ? random.below(200) / 10_000 : 0 };
  const cluster = new SimCluster({
    seed: `stalled ${seed}`,
    nodes: 3,
    settings: profiles.lan,
    network,
    isSealed: random.chance(0.2),
  });
  cluster.watchers.push((node, { kind, member }) => {
    if (kind === 'failed') throw new Violation('a stall of 3 s is forgiven', `${node.name} gave up ${member.name}`);
  });
  cluster.startTogether();
  cluster.runFor(2_000 + random.below(3_000));
  const stalled = cluster.nodes[random.below(3)]!;
  cluster.watchers.push((node, { kind, member }) => {
    if (kind !== 'suspected' || node !== stalled || network.drop > 0) return;
    throw new Violation('who stood still judges nobody', `${node.name} suspected ${member.name} as soon as it woke up`);
  });
  // Half of the time between a question of its own and the answer: that is when what it has not read counts.
  if (random.chance(0.5)) {
    cluster.network.onSend = (from) => {
      if (from !== stalled.name) return;
      cluster.events.after(0, () => stalled.stall());
      cluster.network.onSend = undefined;
    };
    cluster.runUntil(() => stalled.isStalled, 5_000);
  } else stalled.stall();
  cluster.runFor(stallMs);
  stalled.resume();
  cluster.runFor(10_000);
}
