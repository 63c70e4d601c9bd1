import { headerBytes } from './header.js';
import { requireInteger } from './integers.js';

/** 1 MiB: below every message limit on the way. */
export const batchBytesMaxDefault = 1_048_576;

/** The length field is 32 bits wide. */
const lengthMax = 0xffff_ffff;

/** What a cluster has agreed on. */
export interface BatchLimits {
  /** The longest batch, header included, in bytes: 64 to 2^32 − 1. Default {@link batchBytesMaxDefault}. */
  readonly batchBytesMax?: number | undefined;
}

/** @throws BatchError `number` for a limit that no length field can reach, or that no batch can keep */
export function batchBytesMaxOf(limits: BatchLimits | undefined): number {
  const batchBytesMax = limits?.batchBytesMax;
  if (batchBytesMax === undefined) return batchBytesMaxDefault;
  requireInteger('batchBytesMax', batchBytesMax, headerBytes, lengthMax);
  return batchBytesMax;
}
