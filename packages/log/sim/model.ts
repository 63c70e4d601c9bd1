import { crc32 } from 'node:zlib';
import { type HardState, initialHardState, type LogPosition, origin } from '@commitlog/log';
import { batches as batchesIn } from '@commitlog/record';
import { positionAfter } from '../src/sequence.js';

/** What a log holds, seen from outside: the measure of every recovery. */
export interface LogState {
  /** The point before the first of `batches`: the very start, or where the last reset began. */
  readonly base: LogPosition;
  /** What is derived from everything up to `base`. */
  readonly baseDerived: string;
  /** Every batch since, trimmed ones too, as stamped. */
  readonly batches: readonly Buffer[];
  /** The logical start. */
  readonly startIndex: number;
  readonly hardState: HardState;
  /** Indexes of batches that were damaged on purpose, and may be unreadable. */
  readonly damaged: ReadonlySet<number>;
}

export const emptyState: LogState = {
  base: origin,
  baseDerived: '',
  batches: [],
  startIndex: 0,
  hardState: initialHardState,
  damaged: new Set(),
};

/** The point behind a batch of a state. */
export function positionIn({ base, batches }: LogState, index: number): LogPosition {
  return index === base.index ? base : positionAfter(batches[index - base.index - 1]!, 0);
}

export function tailOf(state: LogState): LogPosition {
  return positionIn(state, state.base.index + state.batches.length);
}

/** A digest of a log's history up to an index: what the owner of the log derives, and checkpoints. */
export function derivedAt({ base, baseDerived, batches }: LogState, index: number): string {
  let digest = crc32(baseDerived);
  for (const batch of batches.slice(0, index - base.index)) digest = crc32(batch, digest);
  return index === base.index ? baseDerived : `${index}:${digest}`;
}

/** A state with a stretch of bytes appended that holds whole batches. */
export function withBatches(state: LogState, bytes: Buffer): LogState {
  return { ...state, batches: [...state.batches, ...batchesIn(bytes)] };
}
