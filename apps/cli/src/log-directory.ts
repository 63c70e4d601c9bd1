import { join } from 'node:path';
import { type Files, hasErrorCode } from '@commitlog/runtime';

/** Where a log is below the directory that somebody names: there; or of a replica; or of an agent's data directory. */
const places = ['', 'log', 'logs/default/log'];

/** The directory of the log itself, in or below `dir`; `dir` where there is none, for whoever opens it to say so. */
export async function logDirectoryIn(dir: string, { files }: { readonly files: Files }): Promise<string> {
  for (const place of places) {
    const candidate = join(dir, place);
    try {
      if ((await files.list(candidate)).includes('MANIFEST')) return candidate;
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return dir;
    }
  }
  return dir;
}
