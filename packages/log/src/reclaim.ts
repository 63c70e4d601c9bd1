import type { OpenFile } from '@commitlog/runtime';

/** Gives back what the log no longer uses. Should that fail, nothing is wrong: the next start tries again. */
export async function reclaim(space: () => Promise<void>): Promise<void> {
  await space().catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error)) throw error;
  });
}

/** Closes a file of which nothing more is expected: what was to be durable of it is synced, and what was to be read is read. */
export async function letGo(file: OpenFile | undefined): Promise<void> {
  await reclaim(async () => await file?.close());
}
