import { hasErrorCode, LockedError } from '@commitlog/runtime';
import type { Damage } from './damage.js';

/** What went wrong, for programs. The message says it for people, with what to do. */
export type LogErrorCode =
  /** A setting is outside its range. */
  | 'settings'
  /** Another process, or another log of this one, has the directory open. */
  | 'locked'
  /** The directory holds something else: no log, another log, another cluster's. */
  | 'wrong-directory'
  /** A newer version of this package wrote the directory. */
  | 'newer-format'
  /** A file that says what the log is made of is missing or damaged, so that opening could lose records. */
  | 'corrupt'
  /** The batches asked for cannot be read; `damage` says which, and a replica can mend them. */
  | 'damaged'
  /** The file system cannot be written to. */
  | 'read-only'
  /** This user may not read or write the directory, or a file in it. */
  | 'permission'
  /** The disk is full, or a quota is. Nothing was stored; the log goes on once there is space. */
  | 'no-space'
  /** The process, or the machine, has no file descriptors left. */
  | 'too-many-files'
  /** The operating system failed a read or a write in some other way; `cause` has its error. */
  | 'io'
  /** A sync failed, so that nobody knows what is durable: this log takes no more writes until it is opened again. */
  | 'fenced'
  /** The log was closed. */
  | 'closed'
  /** An index, offset or time outside what the log holds; `first` and `last` are the bounds. */
  | 'out-of-range'
  /** A batch that the record package refuses; `cause` has its error. */
  | 'invalid-batch'
  /** A stamped batch that does not follow the log's last one. */
  | 'not-contiguous'
  /** More bytes wait for the disk than `pendingBytesMax` allows. */
  | 'overloaded'
  /** A mended segment does not agree with what the manifest says of the damaged one. */
  | 'mend';

/** The values that an error speaks of; each code sets those that it has. */
export interface LogErrorFields {
  readonly path?: string;
  /** The index, offset, time or number that was asked for. */
  readonly requested?: number;
  readonly first?: number;
  readonly last?: number;
  readonly damage?: Damage;
}

/** Every error of this package. */
export class LogError extends Error implements LogErrorFields {
  readonly code: LogErrorCode;
  declare readonly path?: string;
  declare readonly requested?: number;
  declare readonly first?: number;
  declare readonly last?: number;
  declare readonly damage?: Damage;

  constructor(code: LogErrorCode, message: string, options: LogErrorFields & { readonly cause?: unknown } = {}) {
    const { cause, ...fields } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LogError';
    this.code = code;
    Object.assign(this, fields);
  }
}

/**
 * An error of the file system in this package's words.
 *
 * @param doing what could not be done, such as `write MANIFEST`
 */
export function fileError(error: unknown, doing: string, path: string): LogError {
  if (error instanceof LogError) return error;
  const say = (code: LogErrorCode, advice: string): LogError =>
    new LogError(code, `cannot ${doing} (${path}): ${advice}`, { path, cause: error });
  if (error instanceof LockedError) return say('locked', error.message);
  if (hasErrorCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) {
    return say('no-space', 'the disk, a quota or the file size limit is exhausted. Free some space, then try again');
  }
  if (hasErrorCode(error, 'EROFS')) return say('read-only', 'the file system is mounted read-only. Mount it writable');
  if (hasErrorCode(error, 'EACCES', 'EPERM')) {
    return say('permission', 'this user may not. Check the owner and the mode of the file and of its directory');
  }
  if (hasErrorCode(error, 'EMFILE', 'ENFILE')) {
    return say('too-many-files', 'no file descriptors are left. Raise the limit (ulimit -n), or close what holds them');
  }
  if (hasErrorCode(error, 'ENOTDIR')) return say('wrong-directory', 'it is a file. Name a directory');
  return say('io', error instanceof Error ? error.message : String(error));
}
