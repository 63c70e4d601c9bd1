import { hasErrorCode } from '@commitlog/runtime';

/** What went wrong, for programs. The message says it for people, with what to do. */
export type AuthErrorCode =
  /** A setting is outside its range. */
  | 'settings'
  /** A file is not there, or may not be read or written; `cause` has the system's error. */
  | 'file'
  /** A private key that others than its owner may read. */
  | 'key-exposed'
  /** A certificate, key, bundle of authorities or revocation list that cannot be used. */
  | 'certificates'
  /** A model or policy that cannot be relied on: a typo, nothing in it, cut short. */
  | 'policy'
  /** A name that no certificate may carry as an identity. */
  | 'identity'
  /** There is an authority in the directory already. */
  | 'authority-exists'
  /** No certificate with this serial number was issued here. */
  | 'unknown-certificate'
  /** The certificate was revoked before: it is on the list, or needs not be since it has long expired. */
  | 'already-revoked';

/** Every error of this package. */
export class AuthError extends Error {
  readonly code: AuthErrorCode;
  /** The file that it is about. */
  declare readonly path?: string;
  /** Present where time alone may put it right: from when on it is worth another try, in ms since 1970. */
  declare readonly againAtMs?: number;
  /** Present where the clock may have been ahead: it is worth another try if that reads this or less, in ms since 1970. */
  declare readonly againUntilMs?: number;

  constructor(
    code: AuthErrorCode,
    message: string,
    options: {
      readonly path?: string;
      readonly againAtMs?: number;
      readonly againUntilMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AuthError';
    this.code = code;
    if (options.path !== undefined) this.path = options.path;
    if (options.againAtMs !== undefined) this.againAtMs = options.againAtMs;
    if (options.againUntilMs !== undefined) this.againUntilMs = options.againUntilMs;
  }
}

/** An error of the file system in this package's words. */
export function fileError(error: unknown, doing: string, path: string): AuthError {
  if (error instanceof AuthError) return error;
  const why = hasErrorCode(error, 'ENOENT')
    ? 'it is not there'
    : hasErrorCode(error, 'EACCES', 'EPERM')
      ? 'this user may not'
      : wordsOf(error);
  return new AuthError('file', `cannot ${doing} ${path}: ${why}`, { path, cause: error });
}

/** What an error of unknown type says. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
