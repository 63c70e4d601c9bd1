import { SeededRandom } from '@commitlog/simulation';
import type { GroupInit } from '../../src/index.js';

/** What one seed draws: the members' settings, and how slow and how broken their world is. */
export interface Plan {
  readonly members: number;
  /** Nodes that are no members at first. */
  readonly spares: number;
  readonly settings: Omit<GroupInit, 'self'>;
  /** A write or a read takes up to so long; 0: none at all. */
  readonly diskMsMax: number;
  readonly applyMsMax: number;
  readonly encodeMsMax: number;
  readonly networkMsMax: number;
  readonly rounds: number;
  /** How likely somebody asks for other members, in each round. */
  readonly changeRate: number;
  /** How likely a callback calls the member that called it. */
  readonly reentryRate: number;
  /** How much more often than usual, or less, faults come. */
  readonly faultRate: number;
}

export function pick<Choice>(random: SeededRandom, choices: readonly Choice[]): Choice {
  return choices[random.below(choices.length)]!;
}

export function drawPlan(seed: string): Plan {
  const random = new SeededRandom(`raft-driver ${seed}`).fork('plan');
  const members = pick(random, [1, 3, 3, 3, 3, 5]);
  return {
    members,
    spares: pick(random, [0, 1, 2]),
    settings: {
      electionTimeoutMs: 300,
      heartbeatMs: 100,
      snapshotEvery: pick(random, [0, 20, 40]),
      trailing: pick(random, [0, 3, 10]),
      cacheBytesMax: pick(random, [1, 500, 100_000]),
      snapshotChunkBytes: pick(random, [64, 1000, 100_000]),
      inflightCountMax: pick(random, [2, 64]),
      uncommittedBytesMax: pick(random, [300, 1_000_000]),
      readTimeoutMs: 1000,
      readsMax: pick(random, [3, 1000]),
    },
    diskMsMax: pick(random, [0, 5, 30]),
    applyMsMax: pick(random, [0, 0, 20]),
    encodeMsMax: pick(random, [0, 50, 400]),
    networkMsMax: pick(random, [1, 5, 30]),
    rounds: 450,
    changeRate: pick(random, [0, 0.02, 0.1]),
    reentryRate: pick(random, [0, 0.05]),
    // One alone commits nothing while it is down.
    faultRate: pick(random, members === 1 ? [0, 0.1] : [0, 0.5, 1, 1.3]),
  };
}
