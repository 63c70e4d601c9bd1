/**
 * The disk, as a program that must survive a power cut sees it: what was written is only there for certain once a sync has
 * returned, and that holds for names (`syncDirectory`) as well as for bytes (`sync`).
 *
 * Every method fails with an `Error` whose `code` is the name that POSIX gives it: `ENOENT`, `EEXIST`, `ENOSPC`, `EROFS`…
 */
export interface Files {
  /**
   * Opens one file. Whoever opens it closes it.
   *
   * @param permissions of a file that is created: nine bits as POSIX has them, of which the process's own mask may take some
   *   away; 0o666 unless told. 0o600 is for secrets: nobody but the owner ever sees the file otherwise
   */
  open(path: string, mode: OpenMode, permissions?: number): Promise<OpenFile>;

  /** The path that leads there even after the process has changed its working directory. Nothing need be there. */
  absolute(path: string): string;

  /** The names in a directory, without `.` and `..`, in the order of their UTF-16 code units. */
  list(directory: string): Promise<string[]>;

  /** Makes a directory and those above it that are missing; one that exists is left as it is. Its name is durable on return. */
  makeDirectory(directory: string): Promise<void>;

  /** Gives a file another name in the same file system, replacing what had that name, in one step. */
  rename(from: string, to: string): Promise<void>;

  /** Removes a file's name. Open handles keep working until closed. */
  remove(path: string): Promise<void>;

  /** Makes names durable: returns once every creation, rename and removal in `directory` up to now survives a power cut. */
  syncDirectory(directory: string): Promise<void>;

  /**
   * Takes a directory for one owner until `release`, or until the owner's process ends, however it ends.
   *
   * @throws LockedError when another owner, in this process or in another, has it
   */
  lock(directory: string): Promise<Lock>;
}

/** `read`: must exist, read only. `write`: must exist, read and write. `create`: must not exist, read and write. */
export type OpenMode = 'read' | 'write' | 'create';

/** One open file. Positions and sizes are bytes. */
export interface OpenFile {
  size(): Promise<number>;

  /** Who may do what with it: nine bits as POSIX has them, 0o640 for instance. */
  permissions(): Promise<number>;

  /**
   * Fills `into` from `position` on.
   *
   * @returns how many bytes were read: fewer than asked for only where the file ends
   */
  read(into: Uint8Array, position: number): Promise<number>;

  /**
   * Writes the buffers one behind the other, at `position`. Synchronous: it copies into the page cache, and handing that to
   * a thread costs more than the copy. Nothing is durable before `sync`. The buffers are the caller's again on return.
   *
   * @throws when not all was written; how much of it was is then unknown
   */
  write(buffers: readonly Uint8Array[], position: number): void;

  /** Cuts the file, or lengthens it with zeros. */
  resize(bytes: number): Promise<void>;

  /**
   * Makes this file's bytes and length durable (`fdatasync`).
   *
   * A failure is final: the kernel may have dropped the pages it could not write and marked them clean, so that a second
   * call would report a success that never was (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020).
   */
  sync(): Promise<void>;

  close(): Promise<void>;
}

/** A directory that is ours until we let go. */
export interface Lock {
  /** Lets go; a second call does nothing. */
  release(): Promise<void>;
}

/** Somebody else has the directory. */
export class LockedError extends Error {
  readonly code = 'LOCKED';
  readonly directory: string;
  /** Who has it, in words for people, such as `process 4711`. */
  readonly holder: string;

  constructor(directory: string, holder: string) {
    super(`${directory} is in use by ${holder}: stop it first, or use another directory`);
    this.name = 'LockedError';
    this.directory = directory;
    this.holder = holder;
  }
}

/** Whether `error` is a file-system error with one of these POSIX names. */
export function hasErrorCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
