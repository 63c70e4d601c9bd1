import { SeededRandom } from '@commitlog/simulation';

/** What one seed draws: the members' settings, who calls them, and how slow and how broken their world is. */
export interface Plan {
  readonly members: number;
  readonly segmentBytes: number;
  /** How many producers are remembered: few, and those in use are forgotten, too. */
  readonly producersMax: number;
  /** What retention leaves, in bytes; 0: everything. */
  readonly retainedBytes: number;
  readonly valueBytesMax: number;
  readonly producers: number;
  /** Batches that a producer has in flight. */
  readonly window: number;
  readonly readers: number;
  readonly networkMsMax: number;
  /** How likely a packet is lost, or comes twice. */
  readonly lossRate: number;
  /** How long the way from a member to its caller takes at most. */
  readonly answerMsMax: number;
  readonly rounds: number;
  /** How much more often than usual, or less, faults come. */
  readonly faultRate: number;
  /** The disk of one member decays, in runs in which none is wiped: of a quorum, at most one forgets. */
  readonly decay: 'bits' | 'wipes' | 'none';
  /** How fast members look for damage that nobody reads; 0: they do not. */
  readonly scrubBytesPerSecond: number;
}

export function pick<Choice>(random: SeededRandom, choices: readonly Choice[]): Choice {
  return choices[random.below(choices.length)]!;
}

export function drawPlan(seed: string): Plan {
  const random = new SeededRandom(`log ${seed}`).fork('plan');
  // Drawn apart: what came to be drawn later leaves the rest of each seed as it was.
  const ofScrub = new SeededRandom(`log ${seed}`).fork('scrub');
  const members = pick(random, [1, 3, 3, 3, 3, 5]);
  return {
    members,
    segmentBytes: pick(random, [4096, 4096, 16_384]),
    producersMax: pick(random, [2, 1000, 1000]),
    retainedBytes: pick(random, [0, 0, 16_384]),
    valueBytesMax: pick(random, [40, 400, 400]),
    producers: pick(random, [1, 2, 4]),
    window: pick(random, [1, 3, 8]),
    readers: pick(random, [1, 3]),
    networkMsMax: pick(random, [1, 5, 30]),
    lossRate: pick(random, [0, 0.02, 0.06]),
    answerMsMax: pick(random, [0, 10, 100]),
    rounds: 160,
    // One alone commits nothing while it is down.
    faultRate: members === 1 ? pick(random, [0, 0.2]) : pick(random, [0, 0.5, 1, 1.5]),
    decay: members === 1 ? 'none' : pick(random, ['bits', 'wipes', 'none']),
    scrubBytesPerSecond: pick(ofScrub, [0, 262_144]),
  };
}
