import { posix } from 'node:path';

/** An absolute path without `.`, `..` and superfluous slashes; a simulated program's working directory is `/`. */
export function absolute(path: string): string {
  const joined = posix.join('/', path);
  return joined !== '/' && joined.endsWith('/') ? joined.slice(0, -1) : joined;
}

/** The parts of an absolute path; none for `/`. */
export function partsOf(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}
