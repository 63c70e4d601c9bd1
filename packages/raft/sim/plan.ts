import { SeededRandom } from '@commitlog/simulation';
import type { SimClusterInit } from './cluster.js';

/** Everything that can go wrong. */
export const faultKinds = [
  'lossy',
  'duplicate',
  'late',
  'partition',
  'one-way',
  'partial',
  'link-stall',
  'crash',
  'power-cut',
  'crash-between-effects',
  'pause',
  'disk-stall',
  'disk-full',
  'sync-failure',
  'wipe',
  'rot',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const networkKinds: readonly FaultKind[] = [
  'lossy',
  'duplicate',
  'late',
  'partition',
  'one-way',
  'partial',
  'link-stall',
];

/** What one seed draws: nothing else decides how its run goes. */
export interface Plan {
  readonly cluster: SimClusterInit;
  readonly faultsMs: number;
  /** Each kind's mean time between two, in ms. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly clients: number;
  readonly clientInFlight: number;
  readonly thinkMs: number;
  readonly readShare: number;
  /** Mean time between changes of members, in ms; 0: none. */
  readonly changeMs: number;
  readonly transferMs: number;
}

export function drawPlan(seed: string): Plan {
  const random = new SeededRandom(`plan ${seed}`);
  const between = (low: number, high: number): number => low + random.below(high - low + 1);
  const oneOf = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const voters = oneOf(1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7);
  const electionTimeoutMs = between(150, 500);
  const heartbeatMs = Math.floor(electionTimeoutMs / between(4, 8));
  const spares = oneOf(0, 1, 2, 3);
  const faults = new Map<FaultKind, number>();
  for (const kind of faultKinds) {
    const isOfDisk = kind === 'wipe' || kind === 'rot';
    // A cluster of one has no network that could fail, and no second copy of anything.
    // One damaged disk at a time, so one kind of damage per seed: the other would wait for ever for its turn.
    const isAlone = kind !== 'rot' || !faults.has('wipe');
    const isPossible = isOfDisk ? voters >= 3 && isAlone : voters > 1 || !networkKinds.includes(kind);
    // With one or two voters every fault stops all commits: fewer of them, or nothing would be left to check.
    const isChosen = random.chance(voters < 3 ? 0.35 : 0.5);
    const meanMs = between(1500, 8000) * (voters < 3 ? 2 : 1);
    if (isPossible && isChosen) faults.set(kind, meanMs);
  }
  // All kinds at full rate would leave no moment in which anything can be committed.
  const scale = Math.max(1, faults.size / 6);
  for (const [kind, meanMs] of faults) faults.set(kind, meanMs * scale);
  const hasFault = (kind: FaultKind): boolean => faults.has(kind);
  return {
    cluster: {
      seed,
      voters,
      spares,
      settings: {
        electionTimeoutMs,
        heartbeatMs,
        diskStallMs: between(electionTimeoutMs, electionTimeoutMs * 2),
        isPreVoteOn: random.chance(0.9),
        appendBytesMax: oneOf(64, 512, 4096, 65536),
        appendEntriesMax: oneOf(1, 4, 64, 1024),
        inflightCountMax: oneOf(1, 2, 8, 64),
        inflightBytesMax: oneOf(512, 8192, 1 << 20),
        uncommittedBytesMax: oneOf(1024, 1 << 20, 1 << 20),
        cacheBytesMax: oneOf(1, 1024, 1 << 16),
        snapshotChunkBytes: oneOf(64, 256, 4096),
        readTimeoutMs: 2000,
        readsMax: oneOf(8, 1024),
      },
      network: {
        delayMsMin: 0.2,
        delayMsMax: oneOf(1, 5, 20),
        drop: hasFault('lossy') ? between(1, 10) / 100 : 0,
        duplicate: hasFault('duplicate') ? between(1, 10) / 100 : 0,
        late: hasFault('late') ? between(1, 5) / 100 : 0,
        lateMsMax: between(50, 1000),
      },
      disk: { syncMsMin: 0.1, syncMsMax: oneOf(0.5, 3, 15), readMsMax: oneOf(20, 20, 300) },
      snapshotEvery: oneOf(0, 20, 50, 150),
      snapshotPaddingBytes: oneOf(0, 500, 2000),
      trailing: oneOf(0, 5, 50),
      unevenness: oneOf(1, 1, 3),
      payloadBytes: oneOf(8, 40, 200),
    },
    faultsMs: 20_000,
    faults,
    clients: between(1, 4),
    clientInFlight: oneOf(1, 2, 8),
    thinkMs: between(5, 30),
    readShare: oneOf(0.1, 0.3, 0.5),
    changeMs: oneOf(0, 400, 1500),
    transferMs: oneOf(0, 1500, 5000),
  };
}
