import type { Commitlog } from '@commitlog/client';
import type { Clock } from '@commitlog/runtime';
import { pause, requireGoing } from '../pause.js';
import { Latencies } from './latencies.js';
import { type Measured, measured, type Watch } from './measured.js';
import type { Payload } from './payload.js';

export interface ProduceSettings {
  readonly payload: Payload;
  /** The number of the first record. */
  readonly from: number;
  readonly records: number;
  /** So many appends are under way at most. */
  readonly inFlight: number;
  /** Records a second; as fast as it goes unless told. */
  readonly rate?: number;
  readonly signal: AbortSignal;
}

/** What was appended, and where: between the two may be records of others. */
export interface Produced extends Measured {
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/**
 * Appends so many records, and measures each from when it was due until it was acknowledged: at a rate, that of what waited because others were slow
 * counts, too (G. Tene, "How NOT to Measure Latency").
 *
 * @throws CommitlogError the first failure; CommandError `interrupted`
 */
export async function produce(
  log: Commitlog,
  { payload, from, records, inFlight, rate, signal }: ProduceSettings,
  { clock, watch }: { readonly clock: Clock; readonly watch: Watch },
): Promise<Produced> {
  const producer = log.producer();
  const latencies = new Latencies();
  const beganMs = clock.monotonicMs();
  let [next, appended, done, hasFailed] = [0, 0, 0, false];
  let [firstOffset, lastOffset] = [Number.POSITIVE_INFINITY, -1];
  const appendOneByOne = async (): Promise<void> => {
    while (next < records && !signal.aborted && !hasFailed) {
      const at = next;
      next += 1;
      let dueMs = clock.monotonicMs();
      if (rate !== undefined) {
        dueMs = beganMs + (at * 1000) / rate;
        const earlyMs = dueMs - clock.monotonicMs();
        if (earlyMs > 0) await pause(earlyMs, clock, signal);
      }
      // Numbered as they are appended: those that wait for the same moment do not wake in order.
      const value = payload.make(from + appended);
      appended += 1;
      const { offset } = await producer.append(value);
      latencies.record(clock.monotonicMs() - dueMs);
      firstOffset = Math.min(firstOffset, offset);
      lastOffset = Math.max(lastOffset, offset);
      done += 1;
      watch(done);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(inFlight, records) }, appendOneByOne));
  } catch (error) {
    hasFailed = true;
    throw error;
  }
  const ms = clock.monotonicMs() - beganMs;
  await producer.close();
  requireGoing(signal);
  const bytes = records * payload.size;
  return { ...measured({ records, bytes, ms }, latencies.percentiles), firstOffset, lastOffset };
}
