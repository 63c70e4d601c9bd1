import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TemporaryDirectory } from '../world.js';

/** tmpfs and ramfs, by the numbers that Linux gives them (statfs(2)). */
const inMemory = [0x01021994, 0x858458f6];

export async function makeTemporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'commitlog-'));
  return {
    path,
    isInMemory: process.platform === 'linux' && inMemory.includes((await statfs(path)).type),
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }),
  };
}
