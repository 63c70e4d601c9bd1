import type { Percentiles } from './latencies.js';

/** What was measured of one direction. */
export interface Measured extends Percentiles {
  readonly records: number;
  readonly ms: number;
  readonly recordsPerSecond: number;
  /** 1,000,000 bytes of values. */
  readonly megabytesPerSecond: number;
}

export function measured(
  { records, bytes, ms }: { readonly records: number; readonly bytes: number; readonly ms: number },
  percentiles: Percentiles,
): Measured {
  const perSecond = (amount: number): number => (ms === 0 ? 0 : (amount * 1000) / ms);
  return {
    records,
    ms: Math.round(ms),
    recordsPerSecond: Math.round(perSecond(records)),
    megabytesPerSecond: Number((perSecond(bytes) / 1e6).toFixed(1)),
    ...percentiles,
  };
}

/** What a run is told of, now and then: how far it is. */
export type Watch = (records: number) => void;
