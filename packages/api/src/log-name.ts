import { ApiError } from './errors.js';

/** The log that a request means when it names none. */
export const defaultLog = 'default';

const pattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Whether a log can have this name: nothing in it means anything to a file system, a shell or an access-control list. */
export function isLogName(name: string): boolean {
  return pattern.test(name) && !name.includes('..');
}

/**
 * The log that a request names.
 *
 * @param name as it came; empty for `default`
 * @throws ApiError `INVALID_LOG_NAME`
 */
export function requireLogName(name: string): string {
  if (name === '') return defaultLog;
  if (isLogName(name)) return name;
  const shown = JSON.stringify(name.length <= 64 ? name : `${name.slice(0, 63)}…`);
  throw new ApiError(
    'INVALID_LOG_NAME',
    `a log's name is 1 to 128 letters, digits, "-", "_" and ".", begins with a letter or a digit, and has no "..": got ${shown}`,
  );
}
