import { ApiError, type ApiErrorCode, TlsMaterialError } from '@commitlog/api';
import type { AuthError } from '@commitlog/auth';
import { LogError } from '@commitlog/log';

/** What the shell is told. */
export const exitStatus = {
  done: 0,
  /** What was looked at is not as it should be, or the answer is no. */
  negative: 1,
  /** Nothing could be done: wrong usage, input that cannot be used, a disk that fails or is full. */
  refused: 2,
  /** The cluster was not reached, or not in time. The same may be tried again. */
  unreached: 3,
  /** The cluster has answered, and refuses. */
  declined: 4,
  /** Ctrl-C, or another signal that asks a process to end. */
  interrupted: 130,
} as const;

export type CommandErrorCode =
  /** Something on the command line, or in the environment, is not what it should be. */
  | 'usage'
  /** An agent would not start with these settings. */
  | 'wrong-settings'
  /** A file that was named cannot be read. */
  | 'unreadable-file'
  /** A file cannot be written where it is to be. */
  | 'unwritable-file'
  /** What a file holds is not what it should be. */
  | 'wrong-file'
  /** A file is there already, and is not replaced. */
  | 'file-exists'
  /** A directory that was named for a new log is not empty. */
  | 'directory-in-use'
  /** A file changed while it was being read, so that nothing can be compared with it. */
  | 'file-changed'
  /** A signal asked for the end before the command had done what it was to do. */
  | 'interrupted';

/** A command that could not do what it was asked. The message is one line for people. */
export class CommandError extends Error {
  readonly code: CommandErrorCode;
  /** The file or directory that it is about. */
  declare readonly path?: string;

  constructor(code: CommandErrorCode, message: string, { path, cause }: { path?: string; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.code = code;
    if (path !== undefined) this.path = path;
  }
}

export type ExpectedError = CommandError | LogError | AuthError | ApiError | TlsMaterialError;

/** Whether this is an error to be told in a line; any other is a mistake in this program. */
export function isExpected(error: unknown): error is ExpectedError {
  return (
    [CommandError, LogError, ApiError, TlsMaterialError].some((kind) => error instanceof kind) || isAuthError(error)
  );
}

/** By its name: its package takes longer to load than all else together, and most commands never need it. */
function isAuthError(error: unknown): error is AuthError {
  return error instanceof Error && error.name === 'AuthError';
}

const unreached: ReadonlySet<ApiErrorCode> = new Set<ApiErrorCode>([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'NO_LEADER',
  'NOT_LEADER',
  'STOPPING',
  'NODE_FAILED',
  'OUTCOME_UNKNOWN',
  'OVERLOADED',
]);

export function statusOf(error: ExpectedError): number {
  if (error instanceof ApiError) return unreached.has(error.code) ? exitStatus.unreached : exitStatus.declined;
  if (error.code === 'corrupt' || error.code === 'damaged') return exitStatus.negative;
  return error.code === 'interrupted' ? exitStatus.interrupted : exitStatus.refused;
}
