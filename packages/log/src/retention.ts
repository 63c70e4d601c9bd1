import { inspect } from 'node:util';
import { LogError } from './errors.js';
import type { SealedSegment } from './format/manifest.js';

/** What may be dropped. A segment goes when either says so; without both, nothing does. */
export interface RetentionPolicy {
  /** Drop what was appended longer ago than so many ms, 0 up. */
  readonly ageMsMax?: number;
  /** Drop the oldest while the log is larger than so many bytes, 0 up. */
  readonly bytesMax?: number;
}

/**
 * Where the log may start under a policy, as a pure function of its segments: whole segments only, and never the last one.
 *
 * @param segments in the order of the log, the last one active; see `Log.segments`
 * @param nowMs the wall clock of whoever decides, in ms since 1970. Age is counted from the append times, which the leader's clock
 * made: what a producer's clock says moves nothing
 * @returns the first index to keep, for `Log.trimBefore`
 * @throws LogError `settings` for what is no number of ms or bytes, or no log: a mistake must not delete anything
 */
export function retentionStart(segments: readonly SealedSegment[], policy: RetentionPolicy, nowMs: number): number {
  requireAmount('nowMs', nowMs);
  if (policy.ageMsMax !== undefined) requireAmount('ageMsMax', policy.ageMsMax);
  if (policy.bytesMax !== undefined) requireAmount('bytesMax', policy.bytesMax);
  if (segments.length === 0) throw new LogError('settings', "segments: expected a log's segments, got none");
  const sealed = segments.slice(0, -1);
  const dropped = Math.max(expired(sealed, policy, nowMs), excess(segments, policy));
  return segments[Math.min(dropped, sealed.length)]!.base.index + 1;
}

function requireAmount(name: string, value: number): void {
  // What has no end is a limit, too: one that nothing reaches.
  if (typeof value === 'number' && value >= 0) return;
  throw new LogError('settings', `${name}: expected a number from 0 up, got ${inspect(value)}`);
}

/** How many of the oldest segments hold nothing young enough. */
function expired(sealed: readonly SealedSegment[], { ageMsMax }: RetentionPolicy, nowMs: number): number {
  if (ageMsMax === undefined) return 0;
  const firstYoung = sealed.findIndex(({ end }) => end.appendTime >= nowMs - ageMsMax);
  return firstYoung === -1 ? sealed.length : firstYoung;
}

/** How many of the oldest segments must go for the rest to fit. */
function excess(segments: readonly SealedSegment[], { bytesMax }: RetentionPolicy): number {
  if (bytesMax === undefined) return 0;
  let [bytes, kept] = [0, segments.length];
  while (kept > 0 && bytes + segments[kept - 1]!.bytes <= bytesMax) {
    kept -= 1;
    bytes += segments[kept]!.bytes;
  }
  return kept;
}
