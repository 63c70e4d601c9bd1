import type { Fault } from '@commitlog/simulation';
import type { FlipReport } from './bit-flips.js';
import type { CrashFailure } from './crashes.js';

/** What one process is asked to do. */
export interface ShardRequest {
  readonly seed: number;
  readonly variantsMax: number;
  readonly flips: boolean;
  readonly shard: number;
  readonly of: number;
}

/** What one process has seen. */
export interface ShardReport {
  readonly kind: 'report';
  readonly pairs: readonly (readonly [operation: string, faults: readonly (readonly [Fault, number])[]])[];
  readonly states: number;
  readonly crashFailures: readonly CrashFailure[];
  readonly flips: number;
  readonly flipsDetected: number;
  readonly flipFailures: FlipReport['failures'];
}

export interface ShardProgress {
  readonly kind: 'progress';
  readonly what: 'crashes' | 'flips';
  readonly done: number;
  readonly all: number;
}
