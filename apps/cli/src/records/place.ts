import type { ReadFrom } from '@commitlog/client';
import { InvalidArgumentError } from 'commander';
import { duration } from '../kinds.js';

/** Where to begin: what the SDK takes, or so many ms ago. */
export type Place = Exclude<ReadFrom, { readonly last: number }> | { readonly agoMs: number };

/** `start`, `end`, an offset, a time (ISO 8601), or how long ago: `15min`. */
export function place(text: string): Place {
  if (text === 'start' || text === 'end') return text;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { offset: Number(text) };
  const time = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return { time };
  try {
    if (/[a-z]$/i.test(text)) return { agoMs: duration(text) };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
  }
  throw new InvalidArgumentError(
    'Expected start, end, an offset, a time such as 2026-01-31T12:00:00Z, or how long ago, such as 15min.',
  );
}

export function readFrom(where: Place, wallMs: number): ReadFrom {
  return typeof where === 'object' && 'agoMs' in where ? { time: wallMs - where.agoMs } : where;
}
