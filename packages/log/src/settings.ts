import { inspect } from 'node:util';
import { batchBytesMaxDefault, headerBytes } from '@commitlog/record';
import type { Clock, Files } from '@commitlog/runtime';
import { LogError } from './errors.js';
import { segmentHeaderBytes } from './format/segment-header.js';
import type { LogPosition } from './position.js';

/** What can be chosen when a log is opened. Only `dir` must be. */
export interface LogSettings {
  /** The log's directory: its own, nothing else may be in it. A relative one is resolved once, when the log is opened. */
  readonly dir: string;
  /** The cluster's id, 32 lower-case hexadecimal digits. A directory of another cluster is refused. All zeros unless told. */
  readonly cluster?: string;
  /** The log's number in the cluster, 0 to 2^53−1. A directory of another log is refused. 0 unless told. */
  readonly log?: number;
  /** Whether a missing or empty directory becomes a new log; `false` refuses it. `true` unless told. */
  readonly create?: boolean;
  /** The name of this disk for Raft, given to a new log: 32 lower-case hexadecimal digits, drawn at random. All zeros unless told. */
  readonly storageId?: string;
  /** A segment is sealed rather than let grow beyond so many bytes, 4,096 to 2^31; one batch can be longer. 128 MiB unless told. */
  readonly segmentBytes?: number;
  /** A segment is sealed at the first append so many ms after its first, 1 up. Never unless told. */
  readonly segmentMs?: number;
  /** The longest batch taken, header included, 64 up to 2^31 − 65 bytes. 1 MiB unless told. */
  readonly batchBytesMax?: number;
  /**
   * The most bytes that go to disk in one write, unless one batch is longer; 1 to 2^31. 256 KiB unless told: larger groups
   * save syncs, and make those who wait for them idle.
   */
  readonly groupBytesMax?: number;
  /** The most bytes of appends that may wait for the disk, 1 to 2^40; an append beyond is refused. 64 MiB unless told. */
  readonly pendingBytesMax?: number;
  /** The most files kept open for reading while nobody reads them, 1 to 65,536. 64 unless told. */
  readonly openFilesMax?: number;
  /**
   * Called when a segment is about to be sealed: returns the state that its owner derived from the log up to and including batch
   * `at.index`, to be saved beside the log, or `undefined`. Synchronous, so that it is called between exactly those two batches;
   * when it throws, the append that caused it is refused. It must not append itself. The bytes must not change afterwards.
   */
  readonly checkpoint?: (at: LogPosition) => Uint8Array | undefined;
}

export type ResolvedSettings = Required<Omit<LogSettings, 'segmentMs'>> & { readonly segmentMs: number | undefined };

/** @throws LogError `settings` for the first value out of its range */
export function resolveSettings(settings: LogSettings): ResolvedSettings {
  const {
    dir,
    cluster = zeroId,
    storageId = zeroId,
    segmentMs,
    create = true,
    checkpoint = () => undefined,
  } = settings ?? {};
  requireDir(dir);
  for (const [name, id] of Object.entries({ cluster, storageId })) {
    if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id))
      throw invalid(name, '32 lower-case hexadecimal digits', id);
  }
  if (typeof create !== 'boolean') throw invalid('create', 'true or false', create);
  if (typeof checkpoint !== 'function') throw invalid('checkpoint', 'a function', checkpoint);
  return {
    dir,
    cluster,
    storageId,
    create,
    checkpoint,
    log: integer('log', settings.log ?? 0, 0, Number.MAX_SAFE_INTEGER),
    segmentBytes: integer('segmentBytes', settings.segmentBytes ?? 128 * mebibyte, 4096, 2 ** 31),
    segmentMs: segmentMs === undefined ? undefined : integer('segmentMs', segmentMs, 1, Number.MAX_SAFE_INTEGER),
    batchBytesMax: integer(
      'batchBytesMax',
      settings.batchBytesMax ?? batchBytesMaxDefault,
      headerBytes,
      // Read in one piece, of which the operating system gives at most 2^31 − 1 bytes.
      2 ** 31 - 1 - segmentHeaderBytes,
    ),
    groupBytesMax: integer('groupBytesMax', settings.groupBytesMax ?? mebibyte / 4, 1, 2 ** 31),
    pendingBytesMax: integer('pendingBytesMax', settings.pendingBytesMax ?? 64 * mebibyte, 1, 2 ** 40),
    openFilesMax: integer('openFilesMax', settings.openFilesMax ?? 64, 1, 65_536),
  };
}

/** @throws LogError `settings` for what is no path */
export function requireDir(dir: string): void {
  if (typeof dir === 'string' && dir !== '' && !dir.includes('\0')) return;
  throw invalid('dir', 'the path of a directory', dir);
}

/** @throws LogError `settings` where a collaborator is missing */
export function requireFiles(components: { readonly files: Files }): Files {
  const { files } = components ?? {};
  if (typeof files?.open === 'function') return files;
  throw invalid('files', 'a file system, such as nodeFiles of @commitlog/runtime/node', files);
}

/** @throws LogError `settings` where a collaborator is missing */
export function requireClock({ clock }: { readonly clock: Clock }): Clock {
  if (typeof clock?.wallMs === 'function') return clock;
  throw invalid('clock', 'a clock, such as nodeClock of @commitlog/runtime/node', clock);
}

const zeroId = '0'.repeat(32);
const mebibyte = 2 ** 20;

function integer(name: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw invalid(name, `an integer from ${min} to ${max}`, value);
  return value;
}

/** The refusal of a setting. */
export function invalid(name: string, expected: string, found: unknown): LogError {
  return new LogError('settings', `setting ${name}: expected ${expected}, got ${inspect(found, { depth: 0 })}`);
}
