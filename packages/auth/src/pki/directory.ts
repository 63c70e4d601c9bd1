import { join } from 'node:path';
import { type Files, hasErrorCode, type Lock } from '@commitlog/runtime';
import { AuthError, fileError } from '../errors.js';
import { createDurably, type NewFile } from './durable-file.js';

/** What an authority's directory has in it. */
export const names = { certificate: 'ca.crt', key: 'ca.key', revocations: 'ca.crl', issued: 'issued' } as const;

/** @throws AuthError `authority-exists`, also for what is left of one: nothing is ever written over a key */
export function requireNone(found: readonly string[], dir: string): void {
  const [hasCertificate, hasKey] = [names.certificate, names.key].map((name) => found.includes(name));
  if (!hasCertificate && !hasKey) return;
  const why = hasCertificate
    ? `${dir} has a ${names.certificate} already: use it, or another directory`
    : `${dir} has a ${names.key} but no ${names.certificate}: one was lost, or the making of an authority was interrupted; move it away, or use another directory`;
  throw new AuthError('authority-exists', why, { path: dir });
}

/** @throws AuthError `authority-exists`: another authority's certificates would pass for the new one's, and be revoked and renewed by it */
export function requireNoneIssued(found: readonly string[], dir: string): void {
  if (found.length === 0) return;
  const path = join(dir, names.issued);
  const why = `${path} has certificates of another authority: move it away, or use another directory`;
  throw new AuthError('authority-exists', why, { path });
}

/** @throws AuthError `authority-exists` when somebody has put one there meanwhile, who heeds no lock */
export async function createKey(files: Files, key: NewFile): Promise<void> {
  try {
    await createDurably(files, key);
  } catch (error) {
    if (error instanceof AuthError && hasErrorCode(error.cause, 'EEXIST'))
      throw new AuthError('authority-exists', `${key.path} is there already: use another directory`, {
        path: key.path,
        cause: error.cause,
      });
    throw error;
  }
}

/** One change at a time, of all processes. */
export async function locked<Result>(files: Files, dir: string, change: () => Promise<Result>): Promise<Result> {
  let lock: Lock;
  try {
    lock = await files.lock(dir);
  } catch (error) {
    throw fileError(error, 'lock', dir);
  }
  try {
    return await change();
  } finally {
    await lock.release();
  }
}
