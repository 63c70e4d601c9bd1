import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Runs something in a directory of its own, which is gone afterwards. */
export async function inFreshDirectory<T>(parent: string, run: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(parent, 'commitlog-bench-'));
  try {
    return await run(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
