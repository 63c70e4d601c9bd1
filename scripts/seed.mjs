/**
 * The seed of everything that draws at random in tests: the first 32 bits of the commit, so that a red run belongs to a
 * commit and repeats. COMMITLOG_SEED overrides it; outside of a git checkout it is a constant. Run as a program, it prints it.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @returns {number} an unsigned 32-bit integer */
export function commitSeed() {
  const chosen = process.env.COMMITLOG_SEED;
  if (chosen !== undefined) {
    const seed = chosen.trim() === '' ? Number.NaN : Number(chosen);
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new Error(`COMMITLOG_SEED must be an integer from 0 to 4294967295 (0x… is fine), got "${chosen}"`);
    }
    return seed;
  }
  try {
    const head = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return Number.parseInt(head.slice(0, 8), 16);
  } catch {
    return 0x5eed;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(commitSeed());
