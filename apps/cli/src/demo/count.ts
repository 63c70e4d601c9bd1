import type { Buffer } from 'node:buffer';
import type { Commitlog } from '@commitlog/client';

/** An append that was acknowledged. */
export interface Acknowledged {
  readonly value: Buffer;
  readonly offset: number;
}

export interface Count {
  /** So many acknowledged records are not in the log, as they were appended, under the offset that was told. */
  readonly lost: number;
  /** So many records are in the log besides. */
  readonly duplicated: number;
}

/** Reads the whole log and counts what is missing in it, and what is too much: nobody else has appended anything, and every append was acknowledged. */
export async function countIn(log: Commitlog, acknowledged: readonly Acknowledged[]): Promise<Count> {
  const expected = new Map(acknowledged.map(({ offset, value }) => [offset, value]));
  let [found, duplicated] = [0, 0];
  for await (const { offset, value } of log.read({ consistency: 'linearizable' })) {
    const wanted = expected.get(offset);
    if (wanted === undefined) duplicated += 1;
    else if (wanted.equals(value)) found += 1;
  }
  return { lost: acknowledged.length - found, duplicated };
}
