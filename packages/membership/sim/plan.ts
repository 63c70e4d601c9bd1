import { type LinkQuality, SeededRandom } from '@commitlog/simulation';
import { profiles } from '../src/index.js';
import { calmNetwork, type SimClusterInit } from './cluster.js';

/** Everything that can go wrong, and what members do meanwhile. */
export const faultKinds = [
  'partition',
  'one-way',
  'partial',
  'stall',
  'crash',
  'all-down',
  'move',
  'wipe',
  'clock-jump',
  'leave',
  'tags',
  'replay',
  'forge',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What one seed draws: nothing else decides how its run goes. */
export interface Plan {
  readonly cluster: SimClusterInit;
  readonly faultsMs: number;
  /** Each kind's mean time between two, in ms. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** How long one that passes lasts, at most. */
  readonly faultMsMax: number;
  /** How much slower than in one data centre everything turns. */
  readonly pace: number;
}

export function drawPlan(seed: string): Plan {
  const random = new SeededRandom(`plan ${seed}`);
  const between = (low: number, high: number): number => low + random.below(high - low + 1);
  const oneOf = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const nodes = drawSize(random);
  const profile = nodes > 40 ? 'lan' : oneOf<keyof typeof profiles>('lan', 'lan', 'lan', 'lan', 'local', 'wan');
  const pace = profile === 'wan' ? 5 : 1;
  const faults = new Map<FaultKind, number>();
  for (const kind of faultKinds) if (random.chance(0.4)) faults.set(kind, between(4_000, 12_000) * pace);
  return {
    cluster: {
      seed,
      nodes,
      settings: { ...profiles[profile], membersMax: 256, tombstonesMax: 256 },
      network: drawNetwork(random),
      isSealed: nodes <= 24 && random.chance(0.5),
    },
    faultsMs: (nodes > 100 ? 14_000 : between(25_000, 50_000)) * pace,
    faults,
    faultMsMax: oneOf(2_000, 8_000, 25_000) * pace,
    pace,
  };
}

/** Most faults show with a few members; some only with many. */
function drawSize(random: SeededRandom): number {
  const at = random.below(1000);
  if (at < 40) return 101 + random.below(100);
  if (at < 120) return 21 + random.below(80);
  return at < 400 ? 3 : 4 + random.below(17);
}

function drawNetwork(random: SeededRandom): LinkQuality {
  const share = (percent: number): number => (random.chance(0.5) ? random.below(percent * 100) / 10_000 : 0);
  return {
    ...calmNetwork,
    delayMsMax: [2, 10, 60][random.below(3)]!,
    drop: random.chance(0.6) ? random.below(3001) / 10_000 : 0,
    duplicate: share(10),
    late: share(5),
    lateMsMax: 2_000,
  };
}
