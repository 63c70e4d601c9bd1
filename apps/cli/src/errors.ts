import { LogError } from '@commitlog/log';

/** What the shell is told. */
export const exitStatus = {
  done: 0,
  /** The log, or what came back from it, is not as it should be. */
  damage: 1,
  /** Nothing could be found out: wrong usage, input that cannot be used, a disk that fails or is full. */
  refused: 2,
} as const;

export type CommandErrorCode =
  /** A file that was named cannot be read. */
  | 'unreadable-file'
  /** A directory that was named for a new log is not empty. */
  | 'directory-in-use'
  /** A file changed while it was being read, so that nothing can be compared with it. */
  | 'file-changed';

/** A command that could not do what it was asked. The message is one line for people. */
export class CommandError extends Error {
  readonly code: CommandErrorCode;
  readonly path: string;

  constructor(code: CommandErrorCode, message: string, { path, cause }: { path: string; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.code = code;
    this.path = path;
  }
}

/** Whether this is an error to be told in a line; any other is a mistake in this program. */
export function isExpected(error: unknown): error is CommandError | LogError {
  return error instanceof CommandError || error instanceof LogError;
}

export function statusOf(error: CommandError | LogError): number {
  return error.code === 'corrupt' || error.code === 'damaged' ? exitStatus.damage : exitStatus.refused;
}
