import type { Commitlog, ReadOptions } from '@commitlog/client';
import type { Clock } from '@commitlog/runtime';
import { Latencies } from './latencies.js';
import { type Measured, measured, type Watch } from './measured.js';
import type { Payload } from './payload.js';

/** Reads, and measures how long each batch was waited for. */
export async function consume(
  log: Commitlog,
  range: Pick<ReadOptions, 'from' | 'limit' | 'signal'>,
  { clock, watch }: { readonly clock: Clock; readonly watch: Watch },
): Promise<Measured> {
  const latencies = new Latencies();
  const beganMs = clock.monotonicMs();
  let [count, bytes, askedMs] = [0, 0, beganMs];
  for await (const { records } of log.read({ ...range, consistency: 'linearizable' }).batches()) {
    latencies.record(clock.monotonicMs() - askedMs);
    count += records.length;
    for (const { value } of records) bytes += value.length;
    watch(count);
    askedMs = clock.monotonicMs();
  }
  return measured({ records: count, bytes, ms: clock.monotonicMs() - beganMs }, latencies.percentiles);
}

/** Whether a run's records are all there, once each, in order, as they were made. */
export async function isAllThere(
  log: Commitlog,
  { payload, from, records }: { readonly payload: Payload; readonly from: number; readonly records: number },
  range: Pick<ReadOptions, 'from' | 'limit' | 'signal'>,
  watch: Watch,
): Promise<boolean> {
  let expected = from;
  for await (const batch of log.read({ ...range, consistency: 'linearizable' }).batches()) {
    for (const { value } of batch.records) {
      const number = payload.numberOf(value);
      // Others may append, too.
      if (number === undefined) continue;
      if (number !== expected) return false;
      expected += 1;
    }
    watch(expected - from);
  }
  return expected === from + records;
}
