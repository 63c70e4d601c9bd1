import { temporaryDirectory } from '../../../scripts/temporary.mjs';

/** Runs something in a directory of its own, which is gone afterwards. */
export async function inFreshDirectory<T>(parent: string, run: (dir: string) => Promise<T>): Promise<T> {
  const { path, remove } = temporaryDirectory('commitlog-bench-', parent);
  try {
    return await run(path);
  } finally {
    remove();
  }
}
