/** A file-system error as Node's: `code` is the name that POSIX gives it. */
export class PosixError extends Error {
  readonly code: string;
  /** What was asked of the disk, such as `open` or `sync`. */
  readonly syscall: string;
  readonly path: string;

  constructor(code: string, syscall: string, path: string) {
    super(`${code}: ${meanings[code] ?? 'the disk failed'}, ${syscall} '${path}'`);
    this.name = 'PosixError';
    this.code = code;
    this.syscall = syscall;
    this.path = path;
  }
}

const meanings: Readonly<Record<string, string>> = {
  EBADF: 'bad file descriptor',
  EEXIST: 'file already exists',
  EINVAL: 'invalid argument',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  EMFILE: 'too many open files',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
};
