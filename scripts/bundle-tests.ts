import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * For tests that start programs of ours as processes: what was bundled starts in a third of the time that the sources take. As part of
 * the whole, the bundle was made before; who runs one suite alone gets it made here, so that no test sees an old one.
 */
export function setup(): void {
  // biome-ignore lint/suspicious/noUndeclaredEnvVars: whether it is there is asked, and not what it is
  if (process.env.TURBO_HASH !== undefined) return;
  const root = fileURLToPath(new URL('..', import.meta.url));
  execFileSync('npm', ['run', '-s', 'bundle'], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
}
