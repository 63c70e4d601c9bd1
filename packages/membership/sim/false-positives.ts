import { profiles } from '../src/index.js';
import { calmNetwork, SimCluster } from './cluster.js';

export interface SlowInit {
  readonly seed: string;
  readonly isLifeguardOn: boolean;
  /** How long members are slow for; two minutes unless told. */
  readonly slowMs?: number;
}

/** What came of it. */
export interface FalsePositives {
  readonly isLifeguardOn: boolean;
  readonly count: number;
}

const nodes = 100;
const slowNodes = 10;
const warmUpMs = 15_000;
/** A slow member sends and receives nothing for as long as one of these, */
const blockedMs = [8_192, 16_384, 32_768];
/** and then everything, for so long. */
const openMs = 64;

/**
 * How often a healthy member was taken for failed, while ten of a hundred members are slow: the Interval experiment of the Lifeguard paper
 * (§V-C), in which what a slow member sends and receives is held back in turns, while its timers run. Whatever a member says counts, the slow
 * ones' too; what is said of the slow ones does not count, they are not there half of the time.
 */
export function falsePositives({ seed, isLifeguardOn, slowMs = 120_000 }: SlowInit): number {
  const cluster = new SimCluster({
    seed: `slow ${seed}`,
    nodes,
    settings: { ...profiles.lan, membersMax: 256, tombstonesMax: 256, isLifeguardOn },
    network: calmNetwork,
    isSealed: false,
  });
  cluster.startTogether();
  cluster.runFor(warmUpMs);
  const slow = new Set(cluster.nodes.slice(0, slowNodes).map(({ name }) => name));
  const random = cluster.random.fork('slow');
  for (const node of cluster.nodes.slice(0, slowNodes)) {
    const block = (): void => {
      const ms = blockedMs[random.below(blockedMs.length)]!;
      node.heldUntilMs = cluster.nowMs + ms;
      cluster.events.after(ms + openMs, block);
    };
    cluster.events.after(random.below(5_000), block);
  }
  let count = 0;
  cluster.watchers.push((_node, { kind, member }) => {
    if (kind === 'failed' && !slow.has(member.name)) count += 1;
  });
  cluster.runFor(slowMs);
  return count;
}
