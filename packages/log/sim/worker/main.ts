/** One process of the crash tests: works on its share of the crash points and of the bits, and reports to the one that forked it. */

import { flipEveryBit } from '../bit-flips.js';
import { crashEverywhere } from '../crashes.js';
import type { ShardReport, ShardRequest } from '../shard.js';

process.once('message', (request: ShardRequest) => void work(request));

async function work(request: ShardRequest): Promise<void> {
  const { seed, variantsMax, flips, shard, of } = request;
  const progress = (what: 'crashes' | 'flips') => (done: number, all: number) =>
    process.send?.({ kind: 'progress', what, done, all });
  const crashes = await crashEverywhere({ seed, variantsMax, shard, of, progress: progress('crashes') });
  const bitFlips = flips ? await flipEveryBit({ shard, of, progress: progress('flips') }) : undefined;
  const report: ShardReport = {
    kind: 'report',
    pairs: [...crashes.pairs].map(([operation, faults]) => [operation, [...faults]]),
    states: crashes.states,
    crashFailures: crashes.failures,
    flips: bitFlips?.flips ?? 0,
    flipsDetected: bitFlips?.detected ?? 0,
    flipFailures: bitFlips?.failures ?? [],
  };
  process.send?.(report, undefined, undefined, () => process.disconnect());
}
